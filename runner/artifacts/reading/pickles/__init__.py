"""Pickles, taken apart instead of executed."""
