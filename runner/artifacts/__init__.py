"""Execution -> Artifacts: what a job leaves behind, collected with a manifest."""
