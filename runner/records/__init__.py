"""What is kept of a run: its folder is the truth, the SQLite index mirrors it for lists."""
