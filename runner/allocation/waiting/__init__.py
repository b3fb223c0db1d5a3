"""From a request to its devices: looking, waiting in line, and telling of it."""
