"""All environments of a cache as people look at them: what they take, and what may go."""
