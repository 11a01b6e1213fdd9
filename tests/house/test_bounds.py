"""The product's bounds of time are what its documents and its pages say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from glasshouse.control.control import Control
from glasshouse.engine import run, session
from glasshouse.integrations import ledger_receivers
from glasshouse.integrations.oidc import Oidc
from glasshouse.monitor import index, list_cache, monitor
from glasshouse.monitor.list_cache import ReadSharing
from glasshouse.upstream import (
    breaker,
    embedded,
    embedded_db,
    embedded_search,
    faktory_port,
    redis_lists,
    remote_details,
    remote_lists,
)
from glasshouse.upstream.faktory_port import CommandPort
from glasshouse.upstream.faktory_web import WebPages
from glasshouse.upstream.redis_link import RedisLink
from glasshouse.web.http import bodies, protocol
from tests.steady import stated

STATED = [
    (session, "HELLO_WITHIN", 2.0), (run, "HELLO_WITHIN", 2.0), (embedded, "_PATIENCE", 0.5),
    (embedded_db, "HUNG_AFTER", 10.0), (faktory_port, "_CONNECT", 2.0),
    (monitor, "_FIRST_LOOK", 2.0), (index, "_SECONDS", 0.5), (list_cache, "_SLOW", 0.25),
    (protocol, "HEAD_SECONDS", 10.0), (bodies, "BODY_SECONDS", 20.0),
    (ledger_receivers, "_SECONDS", 10.0), (redis_lists, "_SECONDS", 1.0),
    (remote_lists, "_SECONDS", 1.0), (breaker, "SILENCE", 1.0),
    (remote_details, "PATIENCE", 0.8), (embedded_search, "SECONDS", 1.0),
]  # fmt: skip
DEFAULTS: list[tuple[Callable[..., Any], str, float]] = [
    (CommandPort, "patience", 5.0), (WebPages, "patience", 10.0), (RedisLink, "patience", 5.0),
    (Oidc, "seconds", 10.0), (ReadSharing, "patience", 1.5), (Control, "patience", 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "seconds"), STATED)
def test_a_bound_that_tests_widen_is_as_stated(module: Any, name: str, seconds: float) -> None:
    assert stated(module, name) == seconds
    assert getattr(module, name) > seconds


@pytest.mark.parametrize(("made", "name", "seconds"), DEFAULTS)
def test_a_bound_that_tests_seldom_use_is_as_stated(
    made: Callable[..., Any], name: str, seconds: float
) -> None:
    assert inspect.signature(made).parameters[name].default == seconds
