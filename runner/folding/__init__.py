"""What a job has written, as it would stand on a terminal in the end: pure, piece by piece."""
