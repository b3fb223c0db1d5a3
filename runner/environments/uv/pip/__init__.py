"""``pip`` in a job's commands: done by uv, into layers that later runs find ready."""
