"""Why uv could not install: its words read, and said in those of the user's own files."""
