"""Facts about a server that belong to no page: faults, rates, overdue reservations."""
