"""A folder for the ``PYTHONPATH`` of jobs whose GPUs are simulated."""
