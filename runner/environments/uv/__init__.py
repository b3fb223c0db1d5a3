"""Virtual environments made by uv."""
