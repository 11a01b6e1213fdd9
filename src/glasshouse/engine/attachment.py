"""The client end of the control socket: how a program attaches to the engine on a folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from glasshouse.engine.acts import Request
from glasshouse.engine.control import LONGEST_LINE, ChangesRefused, Settle, address
from glasshouse.model.errors import StoreError

_encode = msgspec.json.Encoder().encode
_PATIENCE = 5.0


class _Error(msgspec.Struct):
    code: str
    detail: str
    remedy: str


class _Answer(msgspec.Struct):
    done: Any = None
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class RefusedError(StoreError):
    """The engine answered a request with an error; ``code`` is the engine's."""

    def __init__(self, code: str, detail: str, remedy: str) -> None:
        """Keep the engine's answer."""
        super().__init__(detail, remedy=remedy)
        self.code = code


class Attachment:
    """A connection to the engine on a folder, opened when needed, one request at a time."""

    def __init__(self, folder: Path, *, patience: float = _PATIENCE) -> None:
        """Attach to whatever engine runs on ``folder``; wait ``patience`` seconds for an answer."""
        self._folder = folder
        self._patience = patience
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._next_settle: asyncio.Task[bool] | None = None

    async def ask(self, request: Request) -> Any:
        """Send a request; return what the engine has done.

        Raises:
            RefusedError: the engine refuses.
            StoreError: no engine answers; whether anything was done is unknown.
        """
        async with self._lock:
            return await self._ask(request)

    async def settle(self) -> bool:
        """Return whether the database has everything acknowledged before this call.

        Calls that arrive while one is in progress share the next one.
        """
        if self._next_settle is None:
            self._next_settle = asyncio.create_task(self._settle())
        try:
            return await asyncio.shield(self._next_settle)
        except StoreError:
            return False

    async def refusing(self) -> str | None:
        """Return why the engine refuses changes; ``None`` if it accepts them or does not answer."""
        try:
            answer = await self.ask(ChangesRefused())
        except StoreError:
            return None
        return None if answer is None else str(answer)

    async def close(self) -> None:
        """Close the connection."""
        self._drop()

    async def _settle(self) -> bool:
        async with self._lock:
            self._next_settle = None
            return bool(await self._ask(Settle()))

    async def _ask(self, request: Request) -> Any:
        try:
            async with asyncio.timeout(self._patience):
                # An engine that was restarted has closed our connection.
                if self._streams is not None and self._streams[0].at_eof():
                    self._drop()
                reader, writer = self._streams or await self._connect()
                writer.write(_encode(request) + b"\n")
                line = await reader.readline()
            answer = _decode(line)
        except (OSError, ValueError, msgspec.DecodeError, TimeoutError) as error:
            self._drop()
            raise StoreError(
                f"No engine answers on {self._folder}.",
                remedy="Start it with `glasshouse engine --data` on this folder.",
            ) from error
        except BaseException:
            # An answer may still arrive; it must not be taken for that of the next request.
            self._drop()
            raise
        if answer.error is not None:
            raise RefusedError(answer.error.code, answer.error.detail, answer.error.remedy)
        return answer.done

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with address(self._folder) as where:
            self._streams = await asyncio.open_unix_connection(where, limit=LONGEST_LINE)
        return self._streams

    def _drop(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
