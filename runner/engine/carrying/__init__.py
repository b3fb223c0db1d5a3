"""A plan carried out in a process of its own: one job, a chain of them, or many at once."""
