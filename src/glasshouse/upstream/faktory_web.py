"""A real Faktory's Web UI: its pages as bytes, within the budget, using only GET.

Redirects are not followed: Faktory answers with one where something is gone.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.messages import message
from glasshouse.upstream.breaker import Attempt, Circuit
from glasshouse.upstream.budget import OverBudgetError, RequestBudget
from glasshouse.upstream.faktory_port import PasswordError

_LONGEST = 64 << 20
_AT_ONCE = 2
"""Pages requested at a time; the others wait here, where that does not count as silence."""
_OK, _UNAUTHORIZED, _REDIRECT = 200, 401, 3
# Reading depends on the words of some pages; nothing is remembered between requests.
_HEADERS = {"Accept-Language": "en", "Accept": "text/html", "User-Agent": "Glasshouse"}


class WebPages:
    """The pages below one address, a sub-path included."""

    def __init__(
        self,
        base: str,
        *,
        budget: RequestBudget,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        patience: float = 10.0,
        circuit: Circuit | None = None,
    ) -> None:
        """Read below ``base`` (``http`` or ``https``, no password in it); see ``CommandPort``."""
        parts = urlsplit(base)
        self._base = base.rstrip("/")
        self._told = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        self._budget = budget
        self._headers = dict(_HEADERS)
        if password is not None:
            # Faktory checks the password only.
            word = base64.b64encode(f":{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {word}"
        self._tls = tls
        self._patience = patience
        self._circuit = circuit or Circuit()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._client: aiohttp.ClientSession | None = None
        self._closed = False

    async def get(self, path: str) -> bytes:
        """Return the page at ``path``, which begins with a slash and is already encoded.

        Raises:
            NotFoundError: Faktory redirects elsewhere: what was there is gone.
            UpstreamUnavailableError: the page is not available; why, and what to do.
        """
        return await self._circuit.through(lambda: self._ask(path))

    async def _ask(self, path: str) -> bytes:
        await self._budget.turn(patience=self._patience)
        async with self._place():
            self._circuit.check()
            try:
                async with asyncio.timeout(self._patience):
                    with self._circuit.asking() as question:
                        return await self._read(path, question)
            except TimeoutError:
                fault = self._fault(message(f"did not answer within {self._patience:g} s"))
                raise self._circuit.trip(fault) from None
            except aiohttp.ClientError as error:
                raise self._fault(_why(error)) from None

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError:
            raise OverBudgetError("Faktory's Web UI is slow and busy with other pages.") from None
        try:
            yield
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close its connections; further requests raise ``UpstreamUnavailableError``."""
        self._closed = True
        await self._circuit.end()
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _read(self, path: str, question: Attempt) -> bytes:
        # Unchanged: what is encoded stays so.
        where = URL(self._base + path, encoded=True)
        async with self._session().get(where, allow_redirects=False) as answer:
            question.heard()
            self._judge(answer)
            body = bytearray()
            async for some in answer.content.iter_any():
                body += some
                question.heard()
                if len(body) > _LONGEST:
                    raise self._fault(f"sends a page of more than {_LONGEST >> 20} MiB")
            return bytes(body)

    def _judge(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status == _OK:
            return
        if answer.status == _UNAUTHORIZED:
            raise PasswordError("Faktory's Web UI rejected the password.")
        if answer.status // 100 == _REDIRECT:
            raise NotFoundError("It is no longer on the job server.")
        raise self._fault(f"answers with status {answer.status}")

    def _session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise self._fault("is not asked any more")
        if self._client is None:
            self._client = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=_AT_ONCE, ssl=self._tls or True),
                # Cookies choose the language: none is kept.
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),
                trust_env=False,
            )
        return self._client

    def _fault(self, why: str) -> UpstreamUnavailableError:
        return UpstreamUnavailableError(f"Faktory's Web UI at {self._told} {why}.")


def _why(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return message("has an untrusted certificate")
    if isinstance(error, aiohttp.ClientSSLError):
        return message("does not speak TLS correctly")
    if isinstance(error, aiohttp.ClientConnectorError):
        refused = isinstance(error.os_error, ConnectionRefusedError)
        return (
            message("refuses connections: nothing is listening there")
            if refused
            else message("cannot be reached")
        )
    if isinstance(error, aiohttp.ClientPayloadError):
        return message("sent an incomplete page")
    return message("closed the connection, or does not speak HTTP")
