"""What keeps a job within the memory it was granted, and its processes together."""
