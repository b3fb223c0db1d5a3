"""Keeping files once for all runs that have them, and knowing that they are what they were."""
