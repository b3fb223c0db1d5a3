"""The eras of the format: each is read by its own rules into the one neutral Workflow. Pure."""
