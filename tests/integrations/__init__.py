"""Connections to others that are not Faktory."""
