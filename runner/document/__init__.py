"""YAML text -> Document: nodes with positions, nothing interpreted yet. Pure."""
