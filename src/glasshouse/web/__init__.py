"""The console's ASGI application: it reads, and has no way to change anything."""
