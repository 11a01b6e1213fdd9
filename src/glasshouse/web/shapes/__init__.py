"""The shapes of the JSON API."""
