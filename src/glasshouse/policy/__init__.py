"""Who may do and see what: pure and total, the same answer for the same question."""
