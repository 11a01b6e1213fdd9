"""Bytes and headers of HTTP: nothing here knows about Faktory or people."""
