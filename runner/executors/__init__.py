"""Job + Environment + Lease -> Execution: how a job gets its processes."""
