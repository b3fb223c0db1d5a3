"""The index's schema, one numbered file a step; ``PRAGMA user_version`` says how far it is."""
