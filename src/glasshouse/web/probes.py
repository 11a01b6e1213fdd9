"""``/healthz`` and ``/readyz``, for what starts consoles and routes people to them."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from glasshouse.monitor.view import MonitorView
from glasshouse.web.http import replies
from glasshouse.web.request.resolve import AppDependencies
from glasshouse.web.request.viewer import Viewer
from glasshouse.web.shapes.responses import HealthShape

READY_AGE = 30.0
"""Seconds: ``/readyz`` succeeds while what is known of every server is no older than this."""


def respond(site: AppDependencies, name: str, viewer: Viewer) -> Response:
    """Report whether every server can be read, and to a viewer who may see them, which cannot.

    ``healthz`` reports that the console answers, and nothing about servers.
    """
    monitor, now = site.monitor, site.clock()
    seen = MonitorView(monitor, viewer.sees).names
    snapshots = {server: monitor.server(server).snapshot for server in monitor.names}
    unready = [
        server
        for server, snapshot in snapshots.items()
        if snapshot.state is None
        or snapshot.fault is not None
        or (snapshot.age(now) or 0.0) > READY_AGE
    ]
    if name == "healthz" or not unready:
        shape, status = HealthShape(status="ok"), 200
    else:
        shown = [server for server in unready if server in seen]
        shape, status = HealthShape(status="unready", unready=shown), 503
    return replies.fresh(msgspec.json.encode(shape), replies.JSON, status)
