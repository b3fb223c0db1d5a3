"""Runs side by side: how long each part took, how well it came out, and what was different."""
