"""Pure checks of who somebody is: passwords, one-time codes, passkeys, tokens."""
