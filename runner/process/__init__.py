"""The only package that starts processes: short and long helpers, and the job itself."""
