"""The ``glasshouse doctor`` checks of sign-in: nothing is created or changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from glasshouse.app.checks import Check, fine, warn, wrong
from glasshouse.app.doctor_files import file_check
from glasshouse.app.doctor_provider import provider_checks
from glasshouse.app.doctor_state import state_checks
from glasshouse.app.people import access_of
from glasshouse.app.shipping import receivers_of
from glasshouse.app.tls import server_context
from glasshouse.identity.htpasswd import parse
from glasshouse.model.errors import GlasshouseError
from glasshouse.model.hosts import is_this_machine
from glasshouse.settings.console import ConsoleSettings


async def people_checks(settings: ConsoleSettings) -> AsyncIterator[Check]:
    """Yield the checks of the parts of signing in; none where nobody can sign in."""
    if not settings.keeping.wanted:
        return
    for check in (*state_checks(settings), *_file(settings), *_place(settings)):
        yield check
    async for check in _sinks(settings):
        yield check
    async for check in provider_checks(settings):
        yield check


async def _sinks(settings: ConsoleSettings) -> AsyncIterator[Check]:
    for place in receivers_of(settings):
        try:
            await place.probe()
            yield fine("ledger", f"it can be sent on to {place.name}")
        except GlasshouseError as error:
            fault = type(error)(f"{place.name}: {error.detail}", remedy=error.remedy)
            yield wrong("ledger", fault)
        finally:
            await place.close()


def _file(settings: ConsoleSettings) -> Iterator[Check]:
    path = settings.access.htpasswd
    if path is None:
        return
    try:
        file = parse(path.read_bytes())
    except OSError:
        yield file_check("password file", path, secret=True)
        return
    yield fine("password file", f"{sum(map(file.has, file.names))} names")
    yield file_check("files", path, secret=True)
    for problem in file.problems():
        yield warn("password file", problem, "Then people sign in with it.")


def _place(settings: ConsoleSettings) -> Iterator[Check]:
    if settings.tls is not None:
        try:
            server_context(settings.tls)
            yield fine("tls", "the certificate and its key belong together")
        except GlasshouseError as error:
            yield wrong("tls", error)
    site, public = access_of(settings).site, settings.public_url
    if public is not None and not public.secure and not is_this_machine(public.host):
        yield warn(
            "address",
            f"people come to {public.origin}: passwords, codes and cookies can be read on the way, "
            "and browsers offer no passkeys there.",
            "Let the proxy in front speak TLS, or set tls_cert and tls_key, and write public_url "
            "with https://.",
        )
    elif not site.secure and not settings.listen.address.loopback:
        yield warn(
            "address",
            "passwords come in without TLS from other machines",
            "Set tls_cert and tls_key, or listen on loopback behind a proxy with public_url.",
        )
