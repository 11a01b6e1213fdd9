"""A reader of a real Faktory from its settings, and how often it polls."""

from __future__ import annotations

import ssl

from glasshouse.monitor.list_cache import ReadSharing
from glasshouse.monitor.sampler import Pace
from glasshouse.settings import FaktorySettings, RedisSettings
from glasshouse.upstream.breaker import Breaker, Circuit
from glasshouse.upstream.budget import Budget, RequestBudget, SpareRequests
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
    sharing=ReadSharing(most_age=1.0, renewals=2),
)
"""Polling costs a Faktory, and harms some versions: one poll per second while watched."""

_TOTALS, _LOOKS, _LISTS = 2, 3, 5
"""Requests per second: for totals, for workers and pauses, for lists.

Separate, so that a server is never taken for unavailable because many lists are watched.
Requests to Redis count like the rest, however many commands are sent at once.
"""


def remote_reader(settings: FaktorySettings) -> tuple[Reader, Scanner | None, Breaker]:
    """Return a reader, the scanner that feeds an index, and their breaker; nothing is opened.

    Both together have a budget of ten requests per second.
    """
    web, redis, breaker = settings.web, settings.redis, Breaker()
    lists, looks = Budget(_LISTS), Budget(_LOOKS)
    pages = breaker.circuit()

    def shown(budget: RequestBudget) -> WebPages | None:
        return None if web is None else web_pages(settings, web, budget, pages)

    port = command_port(settings, Budget(_TOTALS), breaker.circuit())
    ports = RemoteReader(port, shown(lists), look=shown(looks), spare=shown(SpareRequests(lists)))
    if redis is not None:
        circuit = breaker.circuit()
        reader = RedisReader(
            ports, redis_link(redis, lists, circuit), look=redis_link(redis, looks, circuit)
        )
        return (
            reader,
            RedisScanner(reader, redis_link(redis, SpareRequests(lists), circuit)),
            breaker,
        )
    spare = shown(SpareRequests(lists))
    return ports, None if spare is None else RemoteScanner(ports, spare), breaker


def command_port(
    settings: FaktorySettings, budget: Budget, circuit: Circuit | None = None
) -> CommandPort:
    """Return a Faktory's command port; nothing is opened."""
    password = settings.password
    return CommandPort(
        settings.host,
        settings.port,
        budget=budget,
        password=None if password is None else password.reveal().encode(),
        tls=ssl.create_default_context() if settings.tls else None,
        circuit=circuit,
    )


def web_pages(
    settings: FaktorySettings, web: str, budget: RequestBudget, circuit: Circuit | None = None
) -> WebPages:
    """Return the Web UI at ``web``; nothing is opened."""
    word = settings.web_password
    return WebPages(
        web,
        budget=budget,
        password=None if word is None else word.reveal(),
        circuit=circuit,
    )


def redis_link(
    settings: RedisSettings, budget: RequestBudget, circuit: Circuit | None = None
) -> RedisLink:
    """Return a Faktory's Redis; nothing is opened."""
    word = settings.password
    return RedisLink(
        RedisAddress(settings.path, settings.host, settings.port, settings.tls),
        budget=budget,
        username=settings.user,
        password=None if word is None else word.reveal(),
        circuit=circuit,
    )
