"""Faktory's Web UI as it should be asked, and what goes wrong."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from pathlib import Path

import pytest

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import PasswordError
from glasshouse.upstream.faktory_web import WebPages
from tests.engine.certificate import client_context, needs_openssl, server_context
from tests.steady import LONG

from .standin import Answering, Talk, page, web

SECRET = "do not tell anybody"


def pages_of(port: int, path: str = "", **more: object) -> WebPages:
    base = f"http://127.0.0.1:{port}{path}"
    return WebPages(base, budget=Budget(1000), **{"patience": LONG, **more})  # type: ignore[arg-type]


async def test_a_page_is_asked_for_as_it_is_named_with_the_password_and_in_english() -> None:
    seen: list[bytes] = []
    talk = web(lambda path: page(path.encode(), more="Set-Cookie: faktory_locale=de\r\n"), seen)
    async with Answering(talk).running() as server:
        pages = pages_of(server.port, "/jobs/", password=SECRET)
        path = "/retries/2026-11-26T12:00:00Z%7Ca%2Fb%20c?page=2"
        assert await pages.get(path) == b"/jobs" + path.encode()
        await pages.get("/busy")
        assert server.connections == 1
        await pages.close()
        await server.until_closed()
    for head in seen:
        assert head.startswith(b"GET /jobs/")
        assert b"Accept-Language: en\r\n" in head
        assert b"Basic " + base64.b64encode(f":{SECRET}".encode()) in head
        assert b"Cookie" not in head


STATUS = {
    "302 Found": NotFoundError,
    "307 Temporary Redirect": NotFoundError,
    "401 Unauthorized": PasswordError,
    "400 Bad Request": UpstreamUnavailableError,
    "500 Internal Server Error": UpstreamUnavailableError,
}


@pytest.mark.parametrize("status", list(STATUS))
async def test_what_is_no_page_is_an_error_of_its_kind(
    status: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    talk = web(lambda _: page(b"<html></html>", status, "Location: //evil.example/\r\n"))
    async with Answering(talk).running() as server:
        pages = pages_of(server.port, password=SECRET)
        with pytest.raises(STATUS[status]) as told:
            await pages.get("/retries")
        await pages.close()
    assert SECRET not in f"{told.value} {caplog.text}"
    assert "evil" not in str(told.value)


def sending(data: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()

    return talk


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


BAD = {
    "garbage": (sending(b"\x00\x01\x02\r\n\r\n"), "does not speak HTTP"),
    "a page that ends in the middle": (
        sending(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<html>"), "incomplete page",
    ),
    "a chunk that never ends": (
        sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<html>"),
        "incomplete page",
    ),
    "nothing": (sending(b""), "closed the connection"),
    "silence": (hang, "did not answer within"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
async def test_a_fault_is_said_and_leaves_no_connection_behind(name: str) -> None:
    talk, words = BAD[name]
    async with Answering(talk).running() as server:
        pages = pages_of(server.port, patience=0.3 if name == "silence" else LONG)
        with pytest.raises(UpstreamUnavailableError, match=words):
            await pages.get("/retries")
        await pages.close()
        await server.until_closed()


async def test_nobody_there_and_closed_are_said() -> None:
    async with Answering(hang).running() as server:
        where = server.port
    pages = pages_of(where)
    with pytest.raises(UpstreamUnavailableError, match=f"{where} refuses connections"):
        await pages.get("/")
    await pages.close()
    with pytest.raises(UpstreamUnavailableError, match="not asked any more"):
        await pages.get("/")


async def test_a_page_without_end_is_not_read_to_its_end() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        while True:
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    async with Answering(flood).running() as server:
        pages = pages_of(server.port, patience=LONG)
        with pytest.raises(UpstreamUnavailableError, match="more than 64 MiB"):
            await pages.get("/busy")
        await pages.close()
        await server.until_closed()


@needs_openssl
async def test_tls_is_spoken_and_a_certificate_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    talk = web(lambda path: page(path.encode()))
    async with Answering(talk).running(server_context(tmp_path)) as server:
        base = f"https://127.0.0.1:{server.port}"
        pages = WebPages(base, budget=Budget(), tls=client_context(tmp_path), patience=LONG)
        assert await pages.get("/busy") == b"/busy"
        await pages.close()
        stranger = WebPages(base, budget=Budget(), tls=ssl.create_default_context(), patience=LONG)
        with pytest.raises(UpstreamUnavailableError, match="untrusted"):
            await stranger.get("/busy")
        await stranger.close()
