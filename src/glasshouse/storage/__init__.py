"""The console's own state: accounts, sessions, second factors, tokens, limits."""
