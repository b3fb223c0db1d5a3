"""The lock folder, and what stands in it: the table of devices, claims, places in the queue."""
