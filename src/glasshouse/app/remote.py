"""A reader of a real Faktory from its settings, and how often it is asked."""

from __future__ import annotations

import ssl

from glasshouse.floor.sampler import Pace
from glasshouse.settings import FaktorySettings
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.remote import RemoteReader

REMOTE = Pace(watched=1.0, idle=5.0, fault=1.0, between_reads=1.0, refresh=2.0, slow=3.0)
"""Polling costs a Faktory, and harms some versions: a look a second while somebody watches."""


def remote_reader(settings: FaktorySettings) -> RemoteReader:
    """Return a reader; nothing is opened. All of its requests share one budget."""
    budget = Budget()
    password = settings.password
    port = CommandPort(
        settings.host,
        settings.port,
        budget=budget,
        password=None if password is None else password.reveal().encode(),
        tls=ssl.create_default_context() if settings.tls else None,
    )
    pages = None
    if settings.web is not None:
        word = settings.web_password
        pages = WebPages(
            settings.web, budget=budget, password=None if word is None else word.reveal()
        )
    return RemoteReader(port, pages)
