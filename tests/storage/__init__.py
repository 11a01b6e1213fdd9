"""The console's own database, on SQLite and on PostgreSQL."""
