"""The providers a workflow can name: one form each, with its keys and what they become. Pure."""
