"""The packages of an environment: what is installed, with which files, and lists of them."""
