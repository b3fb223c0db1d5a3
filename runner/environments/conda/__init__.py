"""conda, mamba and micromamba in a job's commands: where they are installed, they work.

What they make goes into a folder of the run's own, so that the next run does not find "prefix
already exists" and no two runs change one environment; downloaded packages are shared.
"""
