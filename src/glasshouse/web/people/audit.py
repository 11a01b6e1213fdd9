"""``/audit``: the audit ledger, for those whose role sees it; and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from glasshouse.ledger.chain import Link
from glasshouse.ledger.record import Event
from glasshouse.model.errors import DeniedError
from glasshouse.storage import ledger
from glasshouse.storage.ledger import Wanted
from glasshouse.web import format as fmt
from glasshouse.web.admission import sees_audit
from glasshouse.web.context import PageContext, PageResult, result
from glasshouse.web.i18n import t
from glasshouse.web.people.change import Change
from glasshouse.web.people.people import People
from glasshouse.web.people.refusals import SignInNeededError
from glasshouse.web.replies import JSON, fresh
from glasshouse.web.views.audit import AuditChoice, AuditRow, AuditView, Said

PER_PAGE = 50
LABELS: Mapping[Event, str] = {
    Event.SIGNED_IN: "signed in",
    Event.SIGN_IN_REFUSED: "was not let in",
    Event.SIGNED_OUT: "signed out",
    Event.FACTOR_SHOWN: "showed a second factor",
    Event.FACTOR_REFUSED: "showed a wrong second factor",
    Event.ACCOUNT: "changed an account",
    Event.SETTINGS: "read the settings again",
    Event.STARTED: "began to serve",
    Event.EXPORTED: "exported the ledger",
    Event.KEY: "signs with a new key",
}
_BAD = frozenset({Event.SIGN_IN_REFUSED, Event.FACTOR_REFUSED})


class Audit:
    """Shows the ledger; nothing here changes it."""

    def __init__(self, people: People) -> None:
        """Read it in the database of ``people``."""
        self._people = people

    async def page(self, context: PageContext) -> PageResult:
        """Show a part of the ledger, the newest first.

        Raises:
            DeniedError: the role of who asks does not see it.
        """
        _require(context)
        given, locale = context.query, context.locale
        links, more, total = await self._found(given)
        view = AuditView(
            rows=tuple(_row(link, context) for link in links),
            total=fmt.number(total),
            choices=tuple(
                AuditChoice(
                    value=event.value,
                    label=t(LABELS[event], locale),
                    chosen=given.get("event") == event,
                )
                for event in LABELS
            ),
            actor=given.get("actor", ""),
            q=given.get("q", ""),
            active=any(given.get(name) for name in ("event", "actor", "q")),
            older=_address(given, links[-1].seq - 1) if more else "",
            newest=_address(given, None) if given.get("until") else "",
        )
        return replace(result(context, "audit", view, "Audit"), live=False)

    async def listing(self, change: Change) -> Response:
        """Answer likewise in JSON; raises likewise."""
        if not change.context.viewer.signed_in:
            raise SignInNeededError("You are not signed in.")
        _require(change.context)
        links, more, total = await self._found(change.context.query)
        told: dict[str, object] = {
            "items": [{"digest": link.digest.hex(), "record": _read(link)} for link in links],
            "total": total,
            "per_page": PER_PAGE,
        }
        if more:
            told["until"] = links[-1].seq - 1
        return fresh(msgspec.json.encode(told), JSON)

    async def _found(self, given: Mapping[str, str]) -> tuple[list[Link], bool, int]:
        """Return the records asked for, whether there are older ones, and how many in all."""
        until = given.get("until")
        wanted = Wanted(
            event=given.get("event", ""), actor=given.get("actor", ""), text=given.get("q", "")
        )
        run = self._people.tools.database.run
        upto = None if until is None else int(until)
        links = await run(ledger.latest, wanted, most=PER_PAGE + 1, upto=upto)
        total = await run(ledger.count, wanted)
        return links[:PER_PAGE], len(links) > PER_PAGE, total


def _require(context: PageContext) -> None:
    if not sees_audit(context.viewer, context.floor.names):
        raise DeniedError(
            "Your role does not see the audit ledger here.",
            remedy='It needs see = ["audit"] in a role, and one of its networks.',
        )


def _row(link: Link, context: PageContext) -> AuditRow:
    record, locale = _read(link), context.locale
    who, event = _table(record.get("who")), str(record.get("event", ""))
    known = event in set(Event)
    at = _at(str(record.get("at", "")))
    return AuditRow(
        seq=link.seq,
        at=fmt.moment(at, context.now, locale),
        event=event,
        label=t(LABELS[Event(event)], locale) if known else fmt.display_text(event),
        bad=known and Event(event) in _BAD,
        name=fmt.display_text(str(who.get("name", ""))),
        address=fmt.display_text(str(who.get("address", ""))),
        how=fmt.display_text(str(who.get("how", ""))),
        roles=tuple(fmt.display_text(str(role)) for role in who.get("roles", ())),
        said=tuple(
            Said(name=fmt.display_text(str(name)), value=fmt.display_text(str(value)))
            for name, value in _table(record.get("detail")).items()
        ),
        digest=link.digest.hex(),
    )


def _read(link: Link) -> dict[str, Any]:
    """Return a record; one that was spoilt behind our back has nothing to tell."""
    try:
        return _table(json.loads(link.body))
    except (ValueError, RecursionError):
        return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _at(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _address(given: Mapping[str, str], until: int | None) -> str:
    kept = {name: given[name] for name in ("event", "actor", "q") if given.get(name)}
    if until is not None:
        kept["until"] = str(until)
    text = "&".join(f"{name}={fmt.segment(value)}" for name, value in kept.items())
    return f"/audit?{text}" if text else "/audit"
