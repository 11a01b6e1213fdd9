"""Every URL of the console, in one table, and how a raw path finds its row.

Matching works on the raw path: split at ``/`` first, percent-decode each segment after, so that an
encoded slash stays inside its segment. Literal segments take precedence over parameters. GET and
HEAD are served, and POST where a row allows it.
"""

from __future__ import annotations

import enum
import functools
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from glasshouse.model import addresses
from glasshouse.model.errors import InvalidError


class Kind(enum.StrEnum):
    """Which part of the console answers a route."""

    PAGE = "page"
    API = "api"
    LIVE = "live"
    PROBE = "probe"
    BYTES = "bytes"
    SCHEMA = "schema"
    STATIC = "static"
    PERSON = "person"
    CHANGE = "change"
    VISIT = "visit"


class Route(NamedTuple):
    """One row: ``{name}`` segments are parameters, ``query`` the parameters it accepts.

    Query parameters in ``needs`` must be present for the route to exist. ``posts`` means that
    something can be sent there: about a person, or an operation request for the control.
    """

    pattern: str
    name: str
    kind: Kind
    query: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    posts: bool = False

    @property
    def shown(self) -> bool:
        """Whether a person gets a page there."""
        return not self.pattern.startswith("/api/")


class Match(NamedTuple):
    """A route and its decoded parameters."""

    route: Route
    params: dict[str, str]


_SHORT = 256
"""Bytes of a path whose row is remembered."""
_S = "/api/v1/servers/{server}"
_PAGING = ("page", "per_page")
_PART = (*_PAGING, "q", "from", "at", "order")
_LIST = ("page", "q", "from", "at", "order", "go")
_AUDIT = ("event", "actor", "q", "since", "before")
_FINISHED = ("type", "queue", "outcome", "id", "error", "until", "at")

# A queue may be named "." or "..", which clients collapse: the rows with an empty segment read such
# a name from the query instead.
ROUTES: tuple[Route, ...] = (
    Route("/", "fleet", Kind.PAGE),
    Route("/healthz", "healthz", Kind.PROBE),
    Route("/readyz", "readyz", Kind.PROBE),
    Route("/static/{file}", "static", Kind.STATIC),
    Route("/api/schema/openapi.json", "openapi", Kind.SCHEMA),
    Route("/sign-in", "sign_in", Kind.PERSON, ("next",), posts=True),
    Route("/sign-in/oidc", "sign_in_elsewhere", Kind.VISIT, ("next",)),
    Route(
        "/sign-in/oidc/callback",
        "signed_in_elsewhere",
        Kind.VISIT,
        ("state", "code", "iss", "error"),
    ),
    Route("/sign-out", "sign_out", Kind.CHANGE, posts=True),
    Route("/step-up", "step_up", Kind.PERSON, ("next",), posts=True),
    Route("/step-up/passkey", "step_up_key", Kind.CHANGE, posts=True),
    Route("/account", "account", Kind.PERSON, posts=True),
    Route("/account/passkey", "account_key", Kind.CHANGE, posts=True),
    Route("/audit", "audit", Kind.PERSON, (*_AUDIT, "until")),
    Route("/api/v1/audit", "audit_listing", Kind.VISIT, (*_AUDIT, "until")),
    Route("/api/v1/audit/export", "audit_export", Kind.VISIT, (*_AUDIT, "format")),
    Route("/operations/{id}", "operation", Kind.PERSON, ("back",), posts=True),
    Route("/api/v1/operations/{id}", "operation_status", Kind.VISIT, posts=True),
    Route(_S + "/operations/preview", "preview_operation", Kind.CHANGE, posts=True),
    Route(_S + "/operations", "operations", Kind.CHANGE, posts=True),
    Route(_S + "/trash", "trash_listing", Kind.VISIT),
    Route(_S + "/jobs/{jid}/reveal", "reveal_answer", Kind.CHANGE, posts=True),
    Route("/{server}/jobs/{jid}/reveal", "reveal", Kind.CHANGE, posts=True),
    Route("/{server}/operations", "operate", Kind.CHANGE, posts=True),
    Route("/{server}/trash", "trash", Kind.PERSON),
    Route("/api/v1/step-up", "step_up_token", Kind.CHANGE, posts=True),
    Route("/api/v1/me", "me", Kind.API),
    Route("/api/v1/servers", "servers", Kind.API, _PAGING),
    Route(_S + "/state", "state", Kind.API),
    Route(_S + "/queues", "queues", Kind.API, _PAGING),
    Route(_S + "/queues/{queue}/jobs", "queue_jobs", Kind.API, _PART),
    Route(_S + "/queues//jobs", "queue_jobs", Kind.API, (*_PART, "name"), ("name",)),
    Route(_S + "/sets/{set}/jobs", "set_jobs", Kind.API, _PART),
    Route(_S + "/sets/working/jobs", "working_jobs", Kind.API, _PART),
    Route(_S + "/search", "search_listing", Kind.API, ("per_page", "q", "from")),
    Route(_S + "/jobs/{jid}", "jobs", Kind.API),
    Route(_S + "/jobs/{jid}/stored", "stored", Kind.BYTES, ("entry",)),
    Route(_S + "/workers", "workers", Kind.API, _PAGING),
    Route(_S + "/history", "history_listing", Kind.API, ("days",)),
    Route(_S + "/finished", "finished", Kind.API, (*_PAGING, *_FINISHED)),
    Route(_S + "/finished/types", "finished_types", Kind.API, _PAGING),
    Route(_S + "/parameters", "parameters", Kind.API, _PAGING),
    Route("/{server}", "overview", Kind.PAGE),
    Route("/{server}/queues", "queues", Kind.PAGE, ("page", "q", "sort", "order")),
    Route("/{server}/queues/{queue}", "queue", Kind.PAGE, _LIST),
    Route("/{server}/queues/", "queue", Kind.PAGE, (*_LIST, "name"), ("name",)),
    Route("/{server}/retries", "retries", Kind.PAGE, _LIST),
    Route("/{server}/scheduled", "scheduled", Kind.PAGE, _LIST),
    Route("/{server}/dead", "dead", Kind.PAGE, _LIST),
    Route("/{server}/search", "search", Kind.PAGE, ("page", "q", "from")),
    Route("/{server}/busy", "busy", Kind.PAGE, ("page", "sort")),
    Route("/{server}/jobs/{jid}", "job", Kind.PAGE, ("page",)),
    Route("/{server}/finished", "finished", Kind.PAGE, ("page", "go", *_FINISHED)),
    Route("/{server}/history", "history", Kind.PAGE, ("days",)),
    Route("/{server}/parameters", "parameters", Kind.PAGE),
    Route("/{server}/live", "live", Kind.LIVE),
)

RESERVED_NAMES: frozenset[str] = frozenset(
    segment
    for segment in (route.pattern.split("/")[1] for route in ROUTES)
    if segment and not segment.startswith("{")
) | {"approvals", "operations", "metrics"}
"""First segments of our own URLs, including future ones: no server may have such a name."""


def find(raw_path: bytes) -> Match | None:
    """Return the row for a raw path, or ``None``.

    Raises:
        InvalidError: a segment is not UTF-8.
    """
    found = (_remembered if len(raw_path) <= _SHORT else _find)(raw_path)
    # The cached match is shared: each request gets parameters of its own.
    return None if found is None else Match(found.route, dict(found.params))


def _find(raw_path: bytes) -> Match | None:
    segments = [_decoded(segment) for segment in raw_path.split(b"/")]
    best: Match | None = None
    for route, pattern in _BY_LENGTH.get(len(segments), ()):
        params = _bind(pattern, segments)
        if params is not None and (best is None or len(params) < len(best.params)):
            best = Match(route, params)
    if best is not None and "jid" in best.params:
        best.params["jid"] = addresses.job_id(best.params["jid"])
    return best


_remembered = functools.lru_cache(maxsize=512)(_find)


def _decoded(segment: bytes) -> str:
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise InvalidError(
            "The address is not valid UTF-8.", remedy="Check the address for a copying mistake."
        ) from None


def _by_length() -> dict[int, list[tuple[Route, list[str]]]]:
    routes: dict[int, list[tuple[Route, list[str]]]] = {}
    for route in ROUTES:
        pattern = route.pattern.split("/")
        routes.setdefault(len(pattern), []).append((route, pattern))
    return routes


_BY_LENGTH = _by_length()


def _bind(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    """Return the parameters that the segments give a pattern of the same length, or ``None``."""
    params: dict[str, str] = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not given:
                return None
            params[expected[1:-1]] = given
        elif expected != given:
            return None
    return params
