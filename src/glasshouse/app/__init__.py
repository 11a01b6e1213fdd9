"""Wiring: from settings to running processes, sockets and the ready line."""
