"""What was recently done to a server, a queue or a job."""

from __future__ import annotations

from glasshouse.storage import operations
from glasshouse.storage.database import Database
from glasshouse.storage.operations import RunningOperation, Seen


class RecordedActivity:
    """Operations as recorded in the database."""

    database: Database

    async def on_server(self, server: str, most: int, seen: Seen) -> list[RunningOperation]:
        """Return what was done on a server, newest first; raises ``StoreError``."""
        return await self.database.run(operations.on_server, server, most, seen)

    async def on_queue(
        self, server: str, queue: str, most: int, seen: Seen
    ) -> list[RunningOperation]:
        """Return what was done to a queue, newest first; raises ``StoreError``."""
        return await self.database.run(operations.on_queue, server, queue, most, seen)

    async def on_job(self, server: str, jid: str, most: int, seen: Seen) -> list[RunningOperation]:
        """Return what was done to a job, newest first; raises ``StoreError``."""
        return await self.database.run(operations.on_job, server, jid, most, seen)
