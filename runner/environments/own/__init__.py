"""An environment of a run's own, on top of a shared one that is never changed.

It is for jobs that install packages themselves (``pip install -r requirements.txt`` among the
commands, as most files of 0.0.7 to 0.9.2 have it). Each installation is a *layer*, a folder of
packages of its own; those that other runs can use lie in the cache, the rest in the run's own
folder, and go with it. What lies below is there, as if it were installed.
"""
