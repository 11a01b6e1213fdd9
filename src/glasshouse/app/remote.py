"""A reader of a real Faktory from its settings, and how often it is asked."""

from __future__ import annotations

import ssl

from glasshouse.floor.pages import Sharing
from glasshouse.floor.sampler import Pace
from glasshouse.settings import FaktorySettings, RedisSettings
from glasshouse.upstream.budget import Budget, SpareTurns, Turns
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.reader import Reader
from glasshouse.upstream.redis_link import RedisAddress, RedisLink
from glasshouse.upstream.redis_scan import RedisScanner
from glasshouse.upstream.remote import RemoteReader
from glasshouse.upstream.remote_redis import RedisReader
from glasshouse.upstream.remote_scan import RemoteScanner
from glasshouse.upstream.scan import Scanner

REMOTE = Pace(
    watched=1.0,
    idle=5.0,
    fault=0.7,
    between_reads=1.0,
    refresh=2.0,
    slow=3.0,
    asked=5.0,
    sharing=Sharing(most_age=1.0, renewals=2),
)
"""Polling costs a Faktory, and harms some versions: a look a second while somebody watches."""

_TOTALS, _LOOKS, _LISTS = 2, 3, 5
"""Requests a second: for totals, for workers and pauses, for whatever is listed.

Apart, so that a server is never taken for gone because many lists are watched. What
Redis is asked counts like the rest, however many commands are sent at once.
"""


def remote_reader(settings: FaktorySettings) -> tuple[Reader, Scanner | None]:
    """Return a reader and what an index is made from; nothing is opened.

    The requests of both have a budget of ten a second in all.
    """
    web, redis = settings.web, settings.redis
    lists, looks = Budget(_LISTS), Budget(_LOOKS)
    ports = RemoteReader(
        command_port(settings, Budget(_TOTALS)),
        None if web is None else web_pages(settings, web, lists),
        look=None if web is None else web_pages(settings, web, looks),
    )
    if redis is not None:
        reader = RedisReader(ports, redis_link(redis, lists), look=redis_link(redis, looks))
        return reader, RedisScanner(reader, redis_link(redis, SpareTurns(lists)))
    if web is None:
        return ports, None
    return ports, RemoteScanner(ports, web_pages(settings, web, SpareTurns(lists)))


def command_port(settings: FaktorySettings, budget: Budget) -> CommandPort:
    """Return a Faktory's command port; nothing is opened."""
    password = settings.password
    return CommandPort(
        settings.host,
        settings.port,
        budget=budget,
        password=None if password is None else password.reveal().encode(),
        tls=ssl.create_default_context() if settings.tls else None,
    )


def web_pages(settings: FaktorySettings, web: str, budget: Turns) -> WebPages:
    """Return the Web UI at ``web``; nothing is opened."""
    word = settings.web_password
    return WebPages(web, budget=budget, password=None if word is None else word.reveal())


def redis_link(settings: RedisSettings, budget: Turns) -> RedisLink:
    """Return a Faktory's Redis; nothing is opened."""
    word = settings.password
    return RedisLink(
        RedisAddress(settings.path, settings.host, settings.port, settings.tls),
        budget=budget,
        username=settings.user,
        password=None if word is None else word.reveal(),
    )
