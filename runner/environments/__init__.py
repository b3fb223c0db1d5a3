"""EnvironmentSpec -> Environment: provisioned once, cached by fingerprint, shared by all runs."""
