"""``glasshouse doctor``: checks everything that the settings name, once; changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from glasshouse.app.checks import Check, CheckStatus, fine, warn, wrong
from glasshouse.app.doctor_files import data_checks, settings_checks
from glasshouse.app.doctor_people import people_checks
from glasshouse.app.hosts import hosts_of
from glasshouse.app.remote import command_port, redis_link, web_pages
from glasshouse.app.tls import server_context
from glasshouse.engine.lock import held
from glasshouse.faktory_ui.jobs import read_set, set_path
from glasshouse.faktory_ui.server import read_busy, read_queues
from glasshouse.model.errors import GlasshouseError
from glasshouse.model.job import JobSet
from glasshouse.model.times import parse_time
from glasshouse.settings import ClientSettings, FaktorySettings, Listen, ServerSettings
from glasshouse.settings.console import ConsoleSettings
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import Info
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_redis import RedisReader
from glasshouse.web.http import static

_VERSION = re.compile(r"(\d+)\.(\d+)\.")
_KNOWN = ((1, 6), (1, 10))
_TELLS_LATENCY = (1, 9, 2)
_SKEW = 5.0
_ROOM = 1 << 30


async def doctor(settings: ConsoleSettings, config: Path | None, *, as_json: bool) -> bool:
    """Run all checks and print them; return whether nothing is wrong."""
    sound = True
    async for check in checks(settings, config):
        sound = sound and check.mark is not CheckStatus.WRONG
        if as_json:
            sys.stdout.write(json.dumps(msgspec.to_builtins(check)) + "\n")
        else:
            sys.stdout.write(line_of(check) + "\n")
        sys.stdout.flush()
    return sound


def line_of(check: Check) -> str:
    """Return a check as a line of text."""
    name = f"{check.server}: {check.what}" if check.server else check.what
    remedy = f" {check.remedy}" if check.remedy else ""
    return " ".join(f"{check.mark.value:<8} {name}: {check.detail}{remedy}".split(" "))


async def checks(settings: ConsoleSettings, config: Path | None) -> AsyncIterator[Check]:
    """Yield the checks: first those of the console, then those of each server in order."""
    for check in _console(settings, config):
        yield check
    async for check in people_checks(settings):
        yield check
    groups = await asyncio.gather(*(_server(server) for server in settings.servers))
    for server, some in zip(settings.servers, groups, strict=True):
        for check in some:
            yield msgspec.structs.replace(check, server=server.name)


# -- the console itself ------------------------------------------------------------


def _console(settings: ConsoleSettings, config: Path | None) -> Iterator[Check]:
    if config is not None:
        yield from settings_checks(config)
    try:
        static.load()
        yield fine("front end", "it is built")
    except GlasshouseError as error:
        yield wrong("front end", error)
    yield _address(settings.listen, open_to_all=settings.access.rules.anonymous is not None)
    yield _names(settings)
    yield _room()


def _address(listen: Listen, *, open_to_all: bool) -> Check:
    address = listen.address
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address.host, address.port))
        except OSError as error:
            return warn(
                "address",
                f"{address} cannot be listened on: {error.strerror}.",
                "Fine if that is this console, running; else choose another with listen.",
            )
    if not address.loopback and open_to_all:
        return warn(
            "address",
            f"{address} can be reached from other machines, and whoever does may look.",
            'Write anonymous = "none" under [identity], or listen on 127.0.0.1.',
        )
    return fine("address", f"{address} is free")


def _names(settings: ConsoleSettings) -> Check:
    """Report the names under which the console answers; warn if a proxy may use another."""
    public = () if settings.public_url is None else (settings.public_url.host,)
    address = settings.listen.address
    try:
        hosts = hosts_of(address, settings.tls, (*settings.hosts, *public))
    except GlasshouseError as error:
        return wrong("names", error)
    at = "this machine's loopback addresses" if address.loopback else "any address"
    detail = f"it answers as {', '.join(hosts.names)}, at {at}, and under no other name."
    proxied = settings.trusted_proxies or settings.access.proxy is not None
    if proxied and not settings.hosts and settings.public_url is None:
        return warn(
            "names",
            detail,
            "There is a proxy in front: set public_url to where people find the console, or hosts.",
        )
    return fine("names", detail)


def _room() -> Check:
    """Check for space where SQLite keeps the index, which it removes by itself."""
    folder = next(
        (Path(name) for name in (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"),
                                 "/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108 - SQLite's own
         if name and os.access(name, os.W_OK | os.X_OK)), None,
    )  # fmt: skip
    if folder is None:
        return warn(
            "index",
            "there is no folder where SQLite may keep it.",
            "Make /var/tmp writable, or name a folder in SQLITE_TMPDIR.",
        )
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        return warn(
            "index",
            f"{folder} has {free >> 20} MiB left; a million jobs need about 500.",
            "Make room, or name another folder in SQLITE_TMPDIR.",
        )
    return fine("index", f"{folder} has {free >> 30} GiB left")


# -- a server -----------------------------------------------------------------------


async def _server(server: ServerSettings) -> list[Check]:
    if server.faktory is None:
        return [] if server.engine is None else list(_embedded(server.engine, server.clients))
    return [check async for check in _faktory(server.faktory)]


def _embedded(data: Path, clients: ClientSettings) -> Iterator[Check]:
    yield from _engine(data)
    if clients.tls is not None:
        try:
            server_context(clients.tls)
        except GlasshouseError as error:
            yield wrong("tls", error)
        else:
            yield fine("tls", f"{clients.tls.cert} and its key belong together")


def _engine(data: Path) -> Iterator[Check]:
    yield from data_checks("work server", data)
    if held(data):
        yield fine("work server", f"one runs on {data}")
    else:
        yield fine("work server", f"none runs on {data}; the console starts one")


async def _faktory(settings: FaktorySettings) -> AsyncIterator[Check]:
    port = command_port(settings, Budget())
    try:
        info = await port.info()
    except GlasshouseError as error:
        yield wrong("command port", error)
        info = None
    if info is not None:
        yield fine("command port", f"{settings.url} answers")
        yield _version(info)
        yield _clock(info)
    ports = RemoteReader(port, None)
    async with contextlib.AsyncExitStack() as life:
        life.push_async_callback(ports.close)
        async for check in _web(settings):
            yield check
        if info is not None:
            async for check in _redis(settings, ports):
                yield check


def _version(info: Info) -> Check:
    version = info.server.faktory_version
    match = _VERSION.match(version)
    if match is None or not _KNOWN[0] <= (int(match[1]), int(match[2])) <= _KNOWN[1]:
        return warn(
            "version",
            f"it is {version[:40]!r}; this Glasshouse knows 1.6 to 1.10.",
            "Pages that it cannot read are said to be so, and never guessed.",
        )
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < _TELLS_LATENCY:
        return warn(
            "version",
            f"Faktory {version} does not tell how long queues wait.",
            "It does from 1.9.2 on, or name its Redis.",
        )
    return fine("version", f"Faktory {version}")


def _clock(info: Info) -> Check:
    try:
        ahead = parse_time(info.now) - time.time()
    except ValueError:
        return fine("clock", "it does not tell its time")
    if abs(ahead) > _SKEW:
        side = "ahead of" if ahead > 0 else "behind"
        return warn(
            "clock",
            f"its clock is {abs(ahead):.0f} s {side} this machine's.",
            "Set both by NTP: times are shown wrong by that much.",
        )
    return fine("clock", "it agrees with this machine's")


async def _web(settings: FaktorySettings) -> AsyncIterator[Check]:
    if settings.web is None:
        if settings.redis is None:
            yield warn(
                "Web UI",
                "it is not named, so no jobs and no workers can be listed.",
                "Name it: web = http://HOST:7420.",
            )
        return
    pages = web_pages(settings, settings.web, Budget())
    try:
        read_queues(await pages.get("/queues"))
        read_busy(await pages.get("/busy"))
        for name in JobSet:
            read_set(name, await pages.get(set_path(name)))
        yield fine("Web UI", f"{settings.web} answers, and its pages can be read")
    except GlasshouseError as error:
        yield wrong("Web UI", error)
    finally:
        await pages.close()


async def _redis(settings: FaktorySettings, ports: RemoteReader) -> AsyncIterator[Check]:
    if settings.redis is None:
        return
    link = redis_link(settings.redis, Budget())
    reader = RedisReader(ports, link)
    try:
        state = await reader.state()
        if state.unread is not None:
            yield Check(
                what="Redis",
                mark=CheckStatus.WRONG,
                detail=state.unread.detail,
                remedy=state.unread.remedy,
            )
            return
        yield fine("Redis", "it answers, and can be read")
        for lost in state.stranded:
            yield warn(
                "Redis",
                f"{lost.size:,} jobs of {lost.queue[:80]!r} lie in {lost.key[:80]!r}, where this "
                "version of Faktory does not look.",
                "They were left there by another version: push them again, or go back to it.",
            )
    except GlasshouseError as error:
        yield wrong("Redis", error)
    finally:
        await link.close()
