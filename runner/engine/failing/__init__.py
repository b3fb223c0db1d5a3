"""Reads what went wrong out of the end of a job's log: where, its last words, the cause. Pure."""
