"""Environments on the disk: the place each has, its locks, and the seal by which damage is seen."""
