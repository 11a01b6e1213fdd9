"""Receivers of the ledger: a file, the machine's syslog, a collector over HTTP.

They get the lines of an export, and checkpoints as they were signed. When sending fails or
is interrupted, a receiver may get the same line twice; the record's number identifies it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlsplit

from glasshouse.ledger.chain import Link
from glasshouse.ledger.export import parsed
from glasshouse.model.errors import GlasshouseError, InvalidError
from glasshouse.model.messages import message

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

SYSLOG = Path("/dev/log")
_SYSLOG_PRIORITY = 10 * 8 + 5
"""Facility authpriv, severity notice (RFC 5424, 6.2.1)."""
_SECONDS = 10.0
_LONGEST_LINE = 4 << 20
_TAKEN, _ITS_FAULT = range(200, 300), 500
_RECORD, _SIGNED = b'{"digest":"', b'{"ledger":"'
"""How the line of a record begins, and that of a checkpoint."""
_MEND = "Make room or its folder, or let this user write there."
_REASONS = {
    errno.ENOSPC: message("There is no space left for it."),
    errno.EDQUOT: message("There is no space left for it."),
    errno.ENOENT: message("Its folder does not exist."),
    errno.EACCES: message("Writing to it is not allowed."),
    errno.EPERM: message("Writing to it is not allowed."),
    errno.EROFS: message("Writing to it is not allowed."),
    errno.EWOULDBLOCK: message("It is locked by another process."),
}
_LOOK = "Look at its address and the network."


class SinkError(GlasshouseError):
    """A receiver does not accept the ledger now."""

    code = "sink_unavailable"


class Receiver(Protocol):
    """A receiver of the ledger. ``name`` may be shown; ``key`` (64 hex digits) is unique to it.

    Every method may raise ``SinkError``: how much the receiver has is then unknown.
    """

    name: str
    key: str

    async def last(self) -> Link | None:
        """Return the last record that it has; ``None`` if there is none, or that is unknown."""
        ...

    async def send(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
        """Send the lines; return when the receiver has accepted all of them."""
        ...

    async def probe(self) -> None:
        """Check that sending would work now; nothing is sent, and nothing is created."""
        ...

    async def close(self) -> None:
        """Release all resources."""
        ...


def _key(target: str) -> str:
    """Return a key that reveals nothing about an address."""
    return hashlib.sha256(target.encode()).hexdigest()


class FileReceiver:
    """A file that is appended to and synced; checkpoints go to a second file next to it."""

    def __init__(self, path: Path) -> None:
        """Write to ``path``; nothing is opened, and nothing is held between two sends."""
        self.name = f"file:{path}"
        self.key = _key(self.name)
        self._path = path
        self._signed = path.with_suffix(f".checkpoints{path.suffix}")

    async def last(self) -> Link | None:
        """Return the last record of the file; cut off what a crash left half written after it."""
        return await self._guarded(lambda: self._look(cut=True))

    async def send(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
        """Append all lines and sync them; if a file cannot take all of them, none remain."""
        await self._guarded(lambda: self._append(records, signed))

    async def probe(self) -> None:
        """Check that the file, or the folder that it would be created in, can be written."""
        await self._guarded(self._probe)

    async def close(self) -> None:
        """Nothing is held."""

    async def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return await _ended(work)
        except OSError as error:
            why = _REASONS.get(error.errno or 0, message("It cannot be written."))
            raise SinkError(why, remedy=f"{_MEND} ({error.strerror})") from error

    def _probe(self) -> None:
        where = self._path if self._path.exists() else self._path.parent
        if not os.access(where, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        self._look(cut=False)

    def _look(self, *, cut: bool) -> Link | None:
        _last_line(self._signed, _SIGNED, cut=cut)
        line = _last_line(self._path, _RECORD, cut=cut)
        try:
            return parsed(line) if line else None
        except InvalidError:
            raise _foreign() from None

    def _append(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
        for path, lines in ((self._path, records), (self._signed, signed)):
            if lines:
                _append(path, b"".join(lines))


async def _ended(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread and return its result: whoever cancels it waits for its end."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise


def _foreign() -> SinkError:
    return SinkError(
        message("It contains something that is not an audit log."), remedy="Name another file."
    )


def _last_line(path: Path, mark: bytes, *, cut: bool) -> bytes:
    """Return the last whole line of a file of lines that begin with ``mark``.

    Raises:
        SinkError: it contains something else, and was left as it is.
    """
    try:
        file = path.open("rb+" if cut else "rb")
    except FileNotFoundError:
        return b""
    with file:
        fcntl.flock(file, (fcntl.LOCK_EX if cut else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST_LINE))
        whole, end, torn = file.read().rpartition(b"\n")
        line = whole.rpartition(b"\n")[2]
        ours = line.startswith(mark) if end else True
        if not ours or not (torn.startswith(mark) or mark.startswith(torn)):
            raise _foreign()
        if torn and cut:
            file.truncate(size - len(torn))
    return line


def _append(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        before = os.fstat(fd).st_size
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fsync(fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(fd, before)
            raise error from None
    finally:
        os.close(fd)
    if not before:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class SyslogReceiver:
    """The syslog of this machine, one message per line; it does not report what it has."""

    def __init__(self, path: Path = SYSLOG) -> None:
        """Send to the datagram socket ``path``; nothing is opened."""
        self.name = "syslog" if path == SYSLOG else f"syslog:{path}"
        self.key = _key(self.name)
        self._path = path

    async def last(self) -> Link | None:
        """Return ``None``: the last record is unknown."""
        return None

    async def send(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
        """Return when the kernel has handed over every message."""
        await self._sent((*records, *signed))

    async def probe(self) -> None:
        """Check that something is listening."""
        await self._sent(())

    async def close(self) -> None:
        """Nothing is held."""

    async def _sent(self, lines: Sequence[bytes]) -> None:
        try:
            await _ended(lambda: self._send(lines))
        except OSError as error:
            raise SinkError(
                message("It accepts no messages."),
                remedy=f"Start the syslog of this machine ({error.strerror or error}).",
            ) from error

    def _send(self, lines: Sequence[bytes]) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(_SECONDS)
            out.connect(str(self._path))
            # As libc writes it: servers get the host name and reception time from elsewhere.
            stamp = time.strftime("%b %e %H:%M:%S")
            head = f"<{_SYSLOG_PRIORITY}>{stamp} glasshouse[{os.getpid()}]: ".encode()
            for line in lines:
                out.send(head + line.rstrip(b"\n"))


class HttpReceiver:
    """A collector that accepts lines of JSON; any 2xx response means that it has them."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Post to ``url``, with ``token`` as a bearer token if there is one; nothing is opened."""
        parts = urlsplit(url)
        # The path of a webhook may be its secret.
        self.name = f"{parts.scheme}://{parts.netloc}" + ("/…" if parts.path.strip("/") else "")
        self.key = _key(url)
        self._url = url
        self._headers = {"content-type": "application/x-ndjson"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._session: aiohttp.ClientSession | None = None

    async def last(self) -> Link | None:
        """Return ``None``: the last record is unknown."""
        return None

    async def send(self, records: Sequence[bytes], signed: Sequence[bytes]) -> None:
        """Post all lines at once."""
        status = await self._asked("POST", b"".join((*records, *signed)))
        if status not in _TAKEN:
            why = (
                message("It rejects the lines.")
                if status < _ITS_FAULT
                else message("It answers with an error.")
            )
            raise SinkError(why, remedy=f"See why it answered {status}.")

    async def probe(self) -> None:
        """Check that something answers there, whatever the response to HEAD."""
        await self._asked("HEAD", b"")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _asked(self, method: str, body: bytes) -> int:
        import aiohttp  # noqa: PLC0415 - slow to import

        if self._session is None:
            limit = aiohttp.ClientTimeout(total=_SECONDS)
            self._session = aiohttp.ClientSession(timeout=limit)
        try:
            async with self._session.request(
                method, self._url, data=body, headers=self._headers, allow_redirects=False
            ) as answer:
                return answer.status
        except TimeoutError as error:
            raise SinkError(message("It does not answer in time."), remedy=_LOOK) from error
        except aiohttp.ClientSSLError as error:
            raise SinkError(message("Its certificate is not trusted."), remedy=_LOOK) from error
        except aiohttp.ClientConnectorError as error:
            raise SinkError(message("Nothing answers there."), remedy=_LOOK) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The library's message may contain the address.
            raise SinkError(message("The connection was lost."), remedy=_LOOK) from error
