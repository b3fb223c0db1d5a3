"""What jobs fail of: one file per family, each a list of rules."""
