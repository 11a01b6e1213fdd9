"""The embedded work server: SQLite store and the asyncio shell around ``wire``.

Memory is ahead of the disk by at most the batches in flight; no answer is sent
before the commit that covers its command is durable.
"""
