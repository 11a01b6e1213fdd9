"""Bytes and headers of HTTP: nothing here knows of Faktory or of people."""
