"""A real Faktory's command port: its totals and the age of its queues, over one connection.

The connection never names a worker, so that none appears. The only commands ever sent here are
HELLO, INFO and QUEUE LATENCY.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.messages import message
from glasshouse.upstream.breaker import Circuit
from glasshouse.upstream.budget import Budget
from glasshouse.wire.client import (
    Bulk,
    ClientConnection,
    Error,
    Greeting,
    ProtocolError,
    Reply,
    Simple,
    encode_command,
    hello,
)

T = TypeVar("T")
_Heard = Callable[[], None]

_CHUNK = 1 << 16
_LONGEST = 64 << 20
_CONNECT = 2.0
"""Seconds to connect: waiting longer would miss a server that has just come back."""
_MOST_QUEUES = 1000
"""Queues per command."""
_UNTOLD = message("answers {command} with something Faktory never sends")


_TASKS = {"scheduled": "Scheduled", "retries": "Retries", "dead": "Dead", "working": "Busy"}
"""What gives the size of a set before 1.9, which had no ``sets``."""


class _Task(msgspec.Struct, frozen=True):
    size: int | None = None


class _Faktory(msgspec.Struct, frozen=True):
    queues: dict[str, int]
    total_failures: int
    total_processed: int
    sets: dict[str, int] = {}
    tasks: dict[str, _Task] = {}

    def sizes(self) -> dict[str, int] | None:
        """Return the size of each set; ``None`` when one is not reported in any known way."""
        every = {name: task.size for sizes, task in self.tasks.items()
                 for name, of in _TASKS.items() if of == sizes}  # fmt: skip
        sizes = every | self.sets
        known_sizes = {name: size for name in _TASKS if (size := sizes.get(name)) is not None}
        return known_sizes if len(known_sizes) == len(_TASKS) else None


class _Server(msgspec.Struct, frozen=True):
    description: str = ""
    faktory_version: str = ""
    uptime: int | None = None
    connections: int | None = None
    command_count: int | None = None
    used_memory_mb: int | None = None


class Info(msgspec.Struct, frozen=True):
    """What INFO returns (fwp.md §7); unknown fields are left out. Every set is in ``sets``."""

    faktory: _Faktory
    server: _Server
    now: str = ""


class PasswordError(UpstreamUnavailableError):
    """The server requires a different password."""

    code = "upstream_password"
    remedy = "Check the password in the server's address."


class CommandPort:
    """One connection to port 7419, opened when needed and again after a fault."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        budget: Budget,
        password: bytes | None = None,
        tls: ssl.SSLContext | None = None,
        patience: float = 5.0,
        circuit: Circuit | None = None,
    ) -> None:
        """Query the server at ``host`` over ``circuit``; allow an answer ``patience`` seconds."""
        self._where = (host, port)
        self._budget = budget
        self._password = password
        self._tls = tls
        self._patience = patience
        # Never open: the first to check whether the server is back does so here, and waits for it.
        self._circuit = circuit or Circuit()
        self._line: _Line | None = None
        self._one = asyncio.Lock()
        self._closed = False
        self._tells_latency = True

    async def info(self) -> Info:
        """Return totals and sizes as of now.

        Raises:
            UpstreamUnavailableError: the server cannot be queried; why, and what to do.
        """
        info = await self._read(await self._ask(encode_command("INFO")), Info, "INFO")
        sets = info.faktory.sizes()
        if sets is None:
            # An unreported size is not zero.
            raise await self._broken(_UNTOLD.format(command="INFO"))
        faktory = msgspec.structs.replace(info.faktory, sets=sets)
        return msgspec.structs.replace(info, faktory=faktory)

    async def latency(self, names: Iterable[str]) -> dict[str, float] | None:
        """Return how many seconds the oldest job of each queue has waited.

        A queue whose age Faktory cannot report is left out. Return ``None`` before 1.9.2, which
        cannot report any: it answers ``+OK`` to any query about queues.

        Raises:
            ProtocolError: it answers with something else; totals are available anyway.
            UpstreamUnavailableError: the server cannot be queried.
        """
        wanted = list(names)[:_MOST_QUEUES]
        if not wanted or not self._tells_latency:
            return {} if self._tells_latency else None
        reply = await self._ask(encode_command("QUEUE", "LATENCY", *wanted))
        if isinstance(reply, Error):
            return await self._each(wanted, reply)
        if isinstance(reply, Simple):
            self._tells_latency = False
            return None
        return await self._read(reply, dict[str, float], "QUEUE LATENCY")

    async def close(self) -> None:
        """Close the connection; further queries raise ``UpstreamUnavailableError``."""
        self._closed = True
        async with self._one:
            await self._drop()

    async def _read(self, reply: Reply, kind: type[T], command: str) -> T:
        try:
            if isinstance(reply, Bulk):
                return msgspec.json.decode(reply.data, type=kind)
            why = message("does not answer like Faktory")
        except (msgspec.MsgspecError, RecursionError):
            why = _UNTOLD.format(command=command)
        raise await self._broken(why)

    async def _broken(self, why: str) -> ProtocolError:
        # Whatever that is, this connection is no longer used with it.
        async with self._one:
            await self._drop()
        return ProtocolError(self._fault(why).detail)

    async def _each(self, names: list[str], error: Error) -> dict[str, float] | None:
        if "no such QUEUE subcommand" in error.text:
            self._tells_latency = False
            return None
        if len(names) == 1:
            return {}
        # One job without an enqueue time spoils the answer for all: halve until it is alone. That
        # costs a turn each, and is rare (fwp.md §9, B4).
        half = len(names) // 2
        first, second = await self.latency(names[:half]), await self.latency(names[half:])
        return (first or {}) | (second or {})

    async def _ask(self, line: bytes) -> Reply:
        async with self._one:
            await self._budget.turn(patience=self._patience)
            try:
                async with asyncio.timeout(self._patience):
                    with self._circuit.asking() as question:
                        if self._line is None:
                            self._line = await self._connect(question.heard)
                        return await self._line.ask(line, question.heard)
            except UpstreamUnavailableError:
                await self._drop()
                raise
            except TimeoutError:
                await self._drop()
                raise self._fault(message(f"did not answer within {self._patience:g} s")) from None
            except (OSError, EOFError) as error:
                await self._drop()
                raise self._fault(_why(error)) from None
            except BaseException:
                # A cancelled caller leaves an answer behind that belongs to no one.
                await self._drop()
                raise

    async def _connect(self, heard: _Heard) -> _Line:
        if self._closed:
            raise self._fault("is not asked any more")
        # It may be a different version by now.
        self._tells_latency = True
        try:
            async with asyncio.timeout(_CONNECT):
                reader, writer = await asyncio.open_connection(*self._where, ssl=self._tls)
        except TimeoutError:
            raise self._fault(message(f"did not answer within {_CONNECT:g} s")) from None
        line = _Line(reader, writer)
        try:
            await self._greet(line, heard)
        except BaseException:
            await line.close()
            raise
        return line

    async def _greet(self, line: _Line, heard: _Heard) -> None:
        greeting = await line.greeting(heard)
        if greeting.salt is not None and self._password is None:
            raise PasswordError("The job server requires a password.")
        reply = await line.ask(hello(greeting, password=self._password), heard)
        if not isinstance(reply, Simple):
            # Its text is not repeated: it is written by whoever answers there.
            raise PasswordError("The job server rejected the password.")

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    def _fault(self, why: str) -> UpstreamUnavailableError:
        host, port = self._where
        address = f"{host}:{port}"
        return UpstreamUnavailableError(f"The job server at {address} {why}.")


class _Line:
    """An open connection: one query, one answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = ClientConnection(max_bulk=_LONGEST)
        self._replies: list[Reply] = []

    async def greeting(self, heard: _Heard) -> Greeting:
        reply = await self._reply(heard)
        if not isinstance(reply, Greeting):
            raise ProtocolError("The service at this address does not greet like Faktory.")
        return reply

    async def ask(self, line: bytes, heard: _Heard) -> Reply:
        self._writer.write(line)
        await self._writer.drain()
        return await self._reply(heard)

    async def _reply(self, heard: _Heard) -> Reply:
        while not self._replies:
            data = await self._reader.read(_CHUNK)
            heard()
            if not data:
                raise EOFError
            self._replies += self._wire.receive(data)
        if len(self._replies) > 1:
            raise ProtocolError("The server sent more than was requested.")
        return self._replies.pop()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, message("has an untrusted certificate")),
    (ssl.SSLError, message("does not speak TLS correctly")),
    (ConnectionRefusedError, message("refuses connections: nothing is listening there")),
    (EOFError, message("closed the connection")),
    (ConnectionError, message("closed the connection")),
)


def _why(error: Exception) -> str:
    for kind, words in _REASONS:
        if isinstance(error, kind):
            return words
    reason = getattr(error, "strerror", None) or type(error).__name__
    return message(f"cannot be reached: {reason}")
