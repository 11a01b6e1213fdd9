"""Who may do and see what: pure and total, the same answer to the same question."""
