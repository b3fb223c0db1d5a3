"""What was removed, package by package; see ``rules.py`` for what a row is."""
