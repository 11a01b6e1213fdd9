"""Adapters to a job server: the ``Reader`` reads, the ``Operator`` acts."""
