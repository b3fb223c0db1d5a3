"""The project folder, read only: its facts for the planner, and the snapshot a run works on."""
