"""Where the packages of a job come from: requirement files, a script's block, pyproject.toml."""
