"""What of a machine serves a request: devices, their closeness, jobs side by side. Pure."""
