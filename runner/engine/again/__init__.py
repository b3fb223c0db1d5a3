"""What a former run was, and left behind, for a run that goes on from it or repeats it."""
