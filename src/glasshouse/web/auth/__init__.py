"""Identity: sign-in, sessions, second factors, tokens, limits, the account."""
