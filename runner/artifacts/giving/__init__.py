"""Giving kept files out of the store: every one a file of its own, as the job had left it."""
