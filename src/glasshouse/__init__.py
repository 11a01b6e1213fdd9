"""Glasshouse: a secure, layered web console for the Faktory job server."""

__version__ = "0.1.0"
