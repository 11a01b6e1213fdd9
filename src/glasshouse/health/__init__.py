"""Facts about a server that are of no page: what is wrong, how fast things go, what overruns."""
