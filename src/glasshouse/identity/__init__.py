"""Pure identity checks: passwords, one-time codes, passkeys, tokens."""
