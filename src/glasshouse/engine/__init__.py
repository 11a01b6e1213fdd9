"""The embedded work server: SQLite store and the asyncio shell round ``wire``.

Memory is ahead of the disk by at most the batches in flight; no answer leaves
before the commit that covers its command is durable.
"""
