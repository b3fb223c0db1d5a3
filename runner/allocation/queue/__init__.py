"""Who of those that wait may start, and when the others probably do. Pure."""
