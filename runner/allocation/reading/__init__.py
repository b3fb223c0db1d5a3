"""Reading the machine, a small file for each part of it."""
