"""Who somebody is: signing in, sessions, second factors, tokens, limits, the account."""
