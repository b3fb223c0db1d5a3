"""How things look. The only place where rich may be imported, and only for a terminal."""
