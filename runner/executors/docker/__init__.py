"""Jobs in containers: what is asked of the daemon for a job, and the job on its way to its end."""
