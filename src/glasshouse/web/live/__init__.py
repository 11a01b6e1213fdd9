"""Event streams: each live page is rendered once for all who look at it."""
