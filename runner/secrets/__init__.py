"""The secrets of a project: kept, read when a job starts, and known in every disguise."""
