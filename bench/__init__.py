"""Benchmarks: ratios within one run, a table on the screen and JSON in bench/results/."""
