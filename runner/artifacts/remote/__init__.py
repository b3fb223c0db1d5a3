"""Artifacts elsewhere: pushed to a folder, a bucket or another machine, and fetched from there."""
