"""Read access to a Faktory's Redis: one connection, and a closed set of read-only commands.

Redis's category ``@read`` is all that its user needs. Nothing else is ever sent except AUTH,
where there is a password: no PING, no SELECT, no CLIENT.
"""

from __future__ import annotations

import asyncio
import enum
import ssl
from pathlib import Path
from typing import Any

import msgspec
from redis import exceptions
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.messages import message
from glasshouse.upstream.breaker import Attempt as Asked
from glasshouse.upstream.breaker import Circuit
from glasshouse.upstream.budget import RequestBudget


class ReadCommand(enum.StrEnum):
    """Every command that is ever sent (all in ``@read``)."""

    TYPE = "TYPE"
    MGET = "MGET"
    SMEMBERS = "SMEMBERS"
    LLEN = "LLEN"
    LINDEX = "LINDEX"
    LRANGE = "LRANGE"
    LPOS = "LPOS"
    ZCARD = "ZCARD"
    ZCOUNT = "ZCOUNT"
    ZRANGE = "ZRANGE"
    ZRANGEBYSCORE = "ZRANGEBYSCORE"


Question = tuple[ReadCommand | str | int | bytes, ...]
"""A command and its arguments; the first is a ``ReadCommand``."""


class RedisAddress(msgspec.Struct, frozen=True):
    """Where a Redis answers: a socket's ``path``, or host and port."""

    path: Path | None = None
    host: str = ""
    port: int = 6379
    tls: bool = False

    def __str__(self) -> str:
        """Format it for people, without user and password."""
        return str(self.path) if self.path is not None else f"{self.host}:{self.port}"


class RedisError(UpstreamUnavailableError):
    """A Faktory's Redis cannot be read now."""

    code = "upstream_redis"
    remedy = "Check its address; without --redis the console reads the Web UI instead."


class RedisLink:
    """One connection, opened when needed and again after a fault."""

    def __init__(
        self,
        address: RedisAddress,
        *,
        budget: RequestBudget,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        patience: float = 5.0,
        circuit: Circuit | None = None,
    ) -> None:
        """Query the Redis at ``address`` over ``circuit``; see ``CommandPort``.

        ``ca_file`` holds the trusted authorities in addition to the system's.
        """
        self._address = address
        self._budget = budget
        self._login = {"username": username, "password": password}
        self._ca_file = None if ca_file is None else str(ca_file)
        self._patience = patience
        self._circuit = circuit or Circuit()
        self._connection: AbstractConnection | None = None
        self._one = asyncio.Lock()
        self._closed = False

    async def ask(self, *questions: Question) -> list[Any]:
        """Return the answer to each query; all are sent at once, and count as one request.

        Raises:
            RedisError: they cannot be sent, or one of them was refused.
        """
        if not questions:
            return []
        for command, *_ in questions:
            # The type already guarantees this; here nothing gets past it.
            ReadCommand(str(command))
        return await self._circuit.through(lambda: self._ask(questions))

    async def _ask(self, questions: tuple[Question, ...]) -> list[Any]:
        async with self._one:
            await self._budget.turn(patience=self._patience)
            self._circuit.check()
            try:
                async with asyncio.timeout(self._patience):
                    with self._circuit.asking() as attempt:
                        return await self._answers(questions, attempt)
            except BaseException as error:
                # A cancelled caller leaves answers behind that belong to no one.
                await self._drop()
                if isinstance(error, TimeoutError):
                    raise self._circuit.trip(self._fault(error)) from None
                if isinstance(error, OSError | exceptions.RedisError):
                    raise self._fault(error) from None
                raise

    async def close(self) -> None:
        """Close the connection; further queries raise ``RedisError``."""
        self._closed = True
        await self._circuit.end()
        async with self._one:
            await self._drop()

    async def _answers(self, questions: tuple[Question, ...], attempt: Asked) -> list[Any]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._made()
            await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_packed_command(connection.pack_commands(questions))
        answers = []
        for _ in questions:
            answers.append(await _answer(connection))
            attempt.heard()
        for answer in answers:
            if isinstance(answer, exceptions.RedisError):
                raise answer
        return answers

    def _made(self) -> AbstractConnection:
        if self._closed:
            raise RedisError("The reader has been closed.")
        address = self._address
        common: dict[str, Any] = {
            **self._login,
            # Nothing is sent on its own: no HELLO, no CLIENT SETINFO.
            "protocol": 2,
            "driver_info": None,
            "socket_timeout": None,
            "socket_connect_timeout": None,
        }
        if address.path is not None:
            return UnixDomainSocketConnection(path=str(address.path), **common)
        common |= {"host": address.host, "port": address.port}
        if not address.tls:
            return Connection(**common)
        return SSLConnection(ssl_ca_certs=self._ca_file, **common)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    def _fault(self, error: Exception) -> RedisError:
        why, remedy = _why(error, self._patience)
        return RedisError(f"Faktory's Redis at {self._address} {why}.", remedy=remedy)


async def _answer(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except exceptions.ResponseError as error:
        return error


_PASSWORD = (
    "does not take the password",
    "Check user and password in its address: redis://USER:PASSWORD@HOST:6379.",
)
_REASONS: tuple[tuple[type[Exception], str, str | None], ...] = (
    (
        exceptions.NoPermissionError,
        message("does not let this user read"),
        "Give its user read access: ACL SETUSER NAME on >PASSWORD ~* +@read",
    ),
    (exceptions.AuthenticationError, *_PASSWORD),
    (exceptions.BusyLoadingError, message("is loading its data"), "Wait until it is done."),
    (
        exceptions.ResponseError,
        message("does not contain Faktory's data"),
        "Check that it is the Redis of this Faktory, and its database 0.",
    ),
    (ssl.SSLCertVerificationError, message("has an untrusted certificate"), None),
    (
        PermissionError,
        "may not be opened by this user",
        "Faktory's socket is for its own user: run the console as that user, or open a port.",
    ),
    (FileNotFoundError, "is not there", None),
    (ConnectionRefusedError, message("refuses connections: nothing is listening there"), None),
)


def _why(error: Exception, patience: float) -> tuple[str, str | None]:
    # A plain error, of the kind that any command may get.
    if "NOAUTH" in str(error):
        return _PASSWORD
    if isinstance(error, TimeoutError | exceptions.TimeoutError):
        return message(f"did not answer within {patience:g} s"), None
    for seen in (error, error.__cause__, error.__context__):
        for kind, why, remedy in _REASONS:
            if isinstance(seen, kind):
                return why, remedy
    return message("cannot be reached"), None
