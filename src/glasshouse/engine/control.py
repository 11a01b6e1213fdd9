"""The control socket: what a program of the same user, on this machine, may request of the engine.

A Unix socket in the data folder, for its owner alone. One request per line, one
answer per line, both JSON; an answer is ``{"done": ...}`` or ``{"error": {"code",
"detail", "remedy"}}`` and comes once what was done is durable. What Faktory's
own protocol offers is not repeated here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import structlog

from glasshouse.engine.acting import do
from glasshouse.engine.acts import (
    Act,
    CallOff,
    ChangeJobs,
    Configure,
    Flush,
    PushJob,
    PutBack,
    Request,
    SetPaused,
    Signal,
)
from glasshouse.engine.engine import Engine
from glasshouse.model.errors import GlasshouseError, InvalidError, StoreError

log = structlog.get_logger()

FILE = "control.sock"
# A job may have 32 MiB, and is encoded in base64.
LONGEST_LINE = 48 << 20
_MOST_CONNECTIONS = 64
_LONGEST_PATH = 100  # of the kernel's 108
_PEER = struct.Struct("3i")


class Settle(Request, frozen=True, tag="settle"):
    """Let the database have everything acknowledged so far; done: whether it has."""


class ChangesRefused(Request, frozen=True, tag="refusing"):
    """Done: why changes are refused now, as reported to clients; null when they are accepted."""


class ReadParameters(Request, frozen=True, tag="parameters"):
    """Done: the run-time parameters by name."""


_decode = msgspec.json.Decoder(
    Settle
    | ChangesRefused
    | ReadParameters
    | Configure
    | Signal
    | ChangeJobs
    | PutBack
    | SetPaused
    | PushJob
    | Flush
    | CallOff
).decode
_encode = msgspec.json.Encoder().encode


class ControlServer:
    """Answers on the control socket of a running engine, which holds the folder."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """Answer for ``engine`` on ``folder``."""
        self._engine = engine
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Open the socket; one that was left behind belongs to an engine that died.

        Raises:
            StoreError: it cannot be opened.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(FileNotFoundError):
                (self._folder / FILE).unlink()
            with address(self._folder) as where:
                mask = os.umask(0o177)
                try:
                    sock.bind(where)
                finally:
                    os.umask(mask)
            self._server = await asyncio.start_unix_server(
                self._serve, sock=sock, limit=LONGEST_LINE
            )
        except OSError as error:
            sock.close()
            raise StoreError(
                f"The control socket {self._folder / FILE} cannot be opened: "
                f"{error.strerror or error}.",
                remedy="Put the data folder on a file system that takes Unix sockets.",
            ) from error

    async def close(self) -> None:
        """Close the socket and every connection."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        with contextlib.suppress(OSError):
            (self._folder / FILE).unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if len(self._writers) <= _MOST_CONNECTIONS and _is_ours(writer):
                while line := await reader.readline():
                    writer.write(await self._answer(line) + b"\n")
                    await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line without an end
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        try:
            try:
                request = _decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                raise InvalidError(f"This is no request: {error}.") from None
            return _encode({"done": await self._do(request)})
        except GlasshouseError as error:
            answer = {"code": error.code, "detail": error.detail, "remedy": error.remedy}
            return _encode({"error": answer})

    async def _do(self, request: Request) -> object:
        engine = self._engine
        if isinstance(request, Settle):
            return engine.committer.settle()
        if isinstance(request, ChangesRefused):
            return engine.refusing
        if isinstance(request, Act):
            return await self._act(request)
        return msgspec.structs.asdict(engine.memory.parameters)

    async def _act(self, act: Act) -> object:
        result = await do(self._engine, act)
        if isinstance(act, Configure):
            return msgspec.structs.asdict(self._engine.memory.parameters)
        if isinstance(act, Signal):
            log.info("workers were told", state=act.state)
        return msgspec.Raw(result)


@contextlib.asynccontextmanager
async def controlled(engine: Engine, folder: Path) -> AsyncIterator[None]:
    """Answer on the control socket of ``engine``, which holds ``folder``, while the block runs.

    Raises:
        StoreError: the socket cannot be opened.
    """
    server = ControlServer(engine, folder)
    await server.start()
    try:
        yield
    finally:
        await server.close()


@contextlib.contextmanager
def address(folder: Path) -> Iterator[str]:
    """Yield what to bind or connect to; the kernel accepts only short paths.

    Raises:
        OSError: the folder cannot be opened.
    """
    path = str(folder / FILE)
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield path
        return
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{FILE}"
    finally:
        os.close(directory)


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the peer is this user or root; the socket's mode lets in no others anyway."""
    sock = writer.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, uid, _ = _PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return uid in {0, os.geteuid()}
