"""The one place where failures become responses: a page, or problem+json for the API.

Expected failures are ``GlasshouseError``; anything else is our fault: 500 with a request id, logged
without the values of the query string.
"""

from __future__ import annotations

import http
import uuid

import structlog
from starlette.responses import Response
from starlette.types import Scope

from glasshouse.control.refusals import FactorRequiredError, PreviewStaleError, TooManyRefusalsError
from glasshouse.integrations.oidc_refusals import OidcRefusedError
from glasshouse.model.errors import (
    DeniedError,
    GlasshouseError,
    InvalidError,
    NotFoundError,
    StoreError,
    UpstreamUnavailableError,
)
from glasshouse.model.messages import message
from glasshouse.web.http import guard, query, replies
from glasshouse.web.http.bodies import LateError
from glasshouse.web.http.problems import BusyError, Problem, encoded
from glasshouse.web.request.context import PageContext, PageRenderer
from glasshouse.web.request.refusals import (
    FactorNeededError,
    SignInNeededError,
    TooManyError,
    WrongCredentialsError,
)

log = structlog.get_logger()

# The first match counts: special errors come before general ones.
STATUS: dict[type[GlasshouseError], int] = {
    FactorRequiredError: 401,
    PreviewStaleError: 409,
    TooManyRefusalsError: 429,
    InvalidError: 400,
    DeniedError: 403,
    NotFoundError: 404,
    UpstreamUnavailableError: 503,
}


_LATER = frozenset({http.HTTPStatus.SERVICE_UNAVAILABLE, http.HTTPStatus.TOO_MANY_REQUESTS})


class MethodNotAllowedError(GlasshouseError):
    """The method would change something, or is not one of ours."""

    code = "method_not_allowed"
    remedy = f"Use one of {guard.ALLOW}."


class UnknownHostError(GlasshouseError):
    """The request is for a host name that is not one of this console's."""

    code = "unknown_host"
    remedy = (
        "Open it by its address or its machine's name, "
        "or add the name to hosts under [console] or to GLASSHOUSE_HOSTS."
    )


STATUS |= {
    MethodNotAllowedError: 405,
    LateError: 408,
    UnknownHostError: 421,
    BusyError: 503,
    SignInNeededError: 401,
    WrongCredentialsError: 401,
    FactorNeededError: 401,
    TooManyError: 429,
    OidcRefusedError: 403,
    StoreError: 503,
}


_TOLD = frozenset(STATUS.values())


def status_of(error: GlasshouseError) -> int:
    """Return the status with which an error is reported; 500 for an unexpected one."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def problem_of(error: Exception, scope: Scope) -> Problem:
    """Return what to report about ``error``; log it if it is unexpected."""
    if isinstance(error, GlasshouseError) and (status := status_of(error)) in _TOLD:
        wait = error.seconds if isinstance(error, TooManyError | TooManyRefusalsError) else 2
        return Problem(status, error.code, error.detail, error.remedy, wait)
    request_id = uuid.uuid4().hex[:12]
    log.error(
        "request failed",
        request_id=request_id,
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        parameters=_names(scope["query_string"]),
        exc_info=error,
    )
    return Problem(
        500,
        "internal",
        message(f"Something went wrong here (request {request_id})."),
        message("Look for this id in the log of the console."),
    )


def respond(
    problem: Problem, *, api: bool, renderer: PageRenderer, context: PageContext | None
) -> Response:
    """Return the response that reports ``problem``."""
    if api:
        response = replies.fresh(encoded(problem), replies.PROBLEM, problem.status)
    else:
        response = _page(problem, renderer, context)
    if problem.status == http.HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["allow"] = guard.ALLOW
    if problem.status in _LATER:
        response.headers["retry-after"] = str(problem.wait)
    if problem.status == http.HTTPStatus.UNAUTHORIZED:
        # Not "Basic": browsers would open their own password dialog.
        response.headers["www-authenticate"] = 'Bearer realm="Glasshouse"'
    return response


def _page(problem: Problem, renderer: PageRenderer, context: PageContext | None) -> Response:
    try:
        html = renderer.error(problem.status, problem.code, problem.detail, problem.remedy, context)
    except Exception:  # the error page itself must not fail
        log.exception("error page failed", code=problem.code)
        return replies.fresh(f"{problem.detail}\n".encode(), replies.TEXT, problem.status)
    return replies.fresh(html, replies.HTML, problem.status)


def _names(raw_query: bytes) -> list[str]:
    try:
        return [name for name, _ in query.pairs(raw_query)]
    except InvalidError:
        return []
