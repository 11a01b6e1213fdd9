"""Connections to systems other than Faktory."""
