"""Adapters to a job server: the ``Reader`` looks, the ``Operator`` acts."""
