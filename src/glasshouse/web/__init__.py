"""The console's ASGI application: looks, and has no way to change anything."""
