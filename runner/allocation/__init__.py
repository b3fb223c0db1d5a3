"""Resources -> Lease: what the machine has, what of it fits, and holding it for a job."""
