"""A reader of a real Faktory from its settings, and how often it is asked."""

from __future__ import annotations

import ssl

from glasshouse.floor.pages import Sharing
from glasshouse.floor.sampler import Pace
from glasshouse.settings import FaktorySettings
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.remote import RemoteReader

REMOTE = Pace(
    watched=1.0,
    idle=5.0,
    fault=0.7,
    between_reads=1.0,
    refresh=2.0,
    slow=3.0,
    sharing=Sharing(most_age=1.0, renewals=2),
)
"""Polling costs a Faktory, and harms some versions: a look a second while somebody watches."""

_TOTALS, _LOOKS, _LISTS = 2, 2, 6
"""Requests a second: for totals, for workers and pauses, for whatever is listed.

Apart, so that a server is never taken for gone because many lists are watched.
"""


def remote_reader(settings: FaktorySettings) -> RemoteReader:
    """Return a reader; nothing is opened. Its requests have a budget of ten a second in all."""
    password = settings.password
    port = CommandPort(
        settings.host,
        settings.port,
        budget=Budget(_TOTALS),
        password=None if password is None else password.reveal().encode(),
        tls=ssl.create_default_context() if settings.tls else None,
    )
    if settings.web is None:
        return RemoteReader(port, None)
    pages, look = (_pages(settings, settings.web, most) for most in (_LISTS, _LOOKS))
    return RemoteReader(port, pages, look=look)


def _pages(settings: FaktorySettings, web: str, most: int) -> WebPages:
    word = settings.web_password
    return WebPages(web, budget=Budget(most), password=None if word is None else word.reveal())
