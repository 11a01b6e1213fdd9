"""Reload of the settings on SIGHUP: all or nothing, with the changes in the log."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from glasshouse.app.people import access_of
from glasshouse.model.errors import GlasshouseError
from glasshouse.settings.console import ConsoleSettings
from glasshouse.web.request.rules import Access

log = structlog.get_logger()

Read = Callable[[], ConsoleSettings]
Note = Callable[[Sequence[str]], None]
_FIXED = ("listen", "servers", "keeping", "tls", "trash", "sinks")


@contextmanager
def reloading(
    read: Read | None, now: ConsoleSettings, access: Access | None, note: Note | None = None
) -> Iterator[None]:
    """Reload the settings on SIGHUP and put their rules into force while the block runs.

    ``note`` is called with the values that changed.
    """
    if read is None or access is None:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: reload(read, now, access, note))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def reload(read: Read, before: ConsoleSettings, access: Access, note: Note | None = None) -> None:
    """Read the settings and put their rules into force, or log why nothing changes."""
    try:
        settings = read()
    except GlasshouseError as error:
        log.warning(
            "settings not reloaded: everything stays", why=error.detail, remedy=error.remedy
        )
        return
    new = access_of(settings)
    changed = changes(access, new)
    access.rules, access.proxy = new.rules, new.proxy
    access.trusted_proxies, access.site = new.trusted_proxies, new.site
    access.hosts = new.hosts
    log.info("settings reloaded", changed=changed or ["nothing"])
    if note is not None:
        note(changed)
    fixed = [name for name in _FIXED if getattr(settings, name) != getattr(before, name)]
    if fixed:
        log.warning("some settings are read at the start only", changed=fixed)


def changes(old: Access, new: Access) -> list[str]:
    """Return the names of the values that differ: ``roles.operator.networks``."""
    lines: list[str] = []
    roles = (old.rules.roles, new.rules.roles)
    for name in sorted(set(roles[0]) | set(roles[1])):
        before, after = roles[0].get(name), roles[1].get(name)
        if before is None or after is None:
            lines.append(f"roles.{name}")
            continue
        fields = type(before).__struct_fields__
        lines += [
            f"roles.{name}.{field}"
            for field in fields
            if getattr(before, field) != getattr(after, field)
        ]
    members = (old.rules.members, new.rules.members)
    lines += [
        f"members.{name}"
        for name in sorted(set(members[0]) | set(members[1]))
        if members[0].get(name) != members[1].get(name)
    ]
    lines += [
        name
        for name, before, after in (
            ("identity.anonymous", old.rules.anonymous, new.rules.anonymous),
            ("console.read_only", old.rules.read_only, new.rules.read_only),
            ("servers.flush", old.rules.flushable, new.rules.flushable),
            ("identity.proxy", old.proxy, new.proxy),
            ("console.trusted_proxies", old.trusted_proxies, new.trusted_proxies),
            ("console.public_url", old.site, new.site),
            ("console.hosts", old.hosts, new.hosts),
        )
        if before != after
    ]
    return lines
