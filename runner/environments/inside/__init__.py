"""Environments built inside an image, by this machine's uv and with its caches."""
