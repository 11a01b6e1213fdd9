"""Everything done: the one door for every change, and the record that is written first."""
