"""Event streams: each live page is rendered once for all its viewers."""
