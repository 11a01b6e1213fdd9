"""Signing in, and what it opens."""
