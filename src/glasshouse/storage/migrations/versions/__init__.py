"""One module a version, in their order."""
