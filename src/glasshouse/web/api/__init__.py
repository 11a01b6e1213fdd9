"""The JSON API: its endpoints, and OpenAPI made from the route table."""
