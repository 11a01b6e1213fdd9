"""The demo's workload: a believable shop, its workers, and a fixed data set of the same."""
