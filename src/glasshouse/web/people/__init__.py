"""Signing in: sessions, passwords, second factors, tokens, and their limits."""
