"""What files say of the environment they need, in TOML: scripts (PEP 723), projects (PEP 621)."""
