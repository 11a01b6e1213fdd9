"""Everything that is done: the single entry for every change, and the record written first."""
