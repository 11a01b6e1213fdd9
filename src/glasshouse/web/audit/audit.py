"""``/audit``: the audit ledger, for those whose role sees it; and the same as JSON."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
from starlette.responses import Response, StreamingResponse

from glasshouse.ledger.export import FORMS, Form, table, told_of
from glasshouse.ledger.record import Event
from glasshouse.model.errors import DeniedError
from glasshouse.model.jobquery import read_time
from glasshouse.storage import archive, ledger, sinks
from glasshouse.storage.ledger import RecordFilter
from glasshouse.storage.sinks import SinkPosition
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.step_up import known
from glasshouse.web.http.headers import NOT_KEPT
from glasshouse.web.http.replies import JSON, fresh
from glasshouse.web.presentation.list_query import Address
from glasshouse.web.presentation.views.audit import AuditRow, AuditView, Detail, SinkRow
from glasshouse.web.presentation.views.shared import Choice
from glasshouse.web.request.admission import sees_audit
from glasshouse.web.request.change import Change
from glasshouse.web.request.context import PageContext, PageResult, result
from glasshouse.web.request.ledger_visibility import LedgerVisibility, VisibleRecord
from glasshouse.web.request.return_path import operation_href, page_on
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

PER_PAGE = 50
FILTERS = ("event", "actor", "q", "since", "before")
"""The parameters that select records."""
LABELS: Mapping[Event, str] = {
    Event.INTENT: "requested an operation",
    Event.OUTCOME: "operation ended",
    Event.REFUSED: "was denied an operation",
    Event.STOPPED: "stopped an operation",
    Event.SIGNED_IN: "signed in",
    Event.SIGN_IN_REFUSED: "was refused sign-in",
    Event.SIGNED_OUT: "signed out",
    Event.FACTOR_SHOWN: "passed the second factor",
    Event.FACTOR_REFUSED: "failed the second factor",
    Event.ACCOUNT: "changed an account",
    Event.SETTINGS: "reloaded the settings",
    Event.STARTED: "started the console",
    Event.ARCHIVED: "archived old records",
    Event.EXPORTED: "exported the audit log",
    Event.KEY: "started signing with a new key",
    Event.REVEALED: "revealed hidden values",
}
_FIRST = (
    "operation", "server", "queue", "queues", "set", "query", "worker", "parameters", "restores",
    "jids", "keys", "outcome", "jobs", "of", "moved", "reason", "told", "intent",
)  # fmt: skip
_WORDED = frozenset({"action", "by", "outcome", "rule", "why", "set", "lossy"})
"""Those whose values are our own words, never people's."""
_ID = re.compile(r"[0-9a-f]{32}")
_BAD = frozenset({Event.SIGN_IN_REFUSED, Event.FACTOR_REFUSED, Event.REFUSED})


class Audit:
    """Shows the ledger; nothing here changes it."""

    def __init__(self, people: People) -> None:
        """Read it from the database of ``people``."""
        self._people = people

    async def page(self, context: PageContext) -> PageResult:
        """Show a part of the ledger, newest first.

        Raises:
            DeniedError: the viewer's role does not see it.
        """
        _require(context)
        given, locale = context.query, context.locale
        visibility = LedgerVisibility(context)
        links, more, total = await self._found(given, visibility)
        start = await self._people.tools.database.run(archive.start)
        kept = tuple((name, given[name]) for name in FILTERS if given.get(name))
        here, exported = Address("/audit", kept), Address("/api/v1/audit/export", kept)
        view = AuditView(
            rows=tuple(_row(seen, context) for seen in links),
            total=fmt.number(total, locale),
            choices=tuple(
                Choice(
                    value=event.value,
                    label=t(LABELS[event], locale),
                    chosen=given.get("event") == event,
                )
                for event in LABELS
            ),
            actor=given.get("actor", ""),
            q=given.get("q", ""),
            since=_in_field(given, "since"),
            before=_in_field(given, "before"),
            active=bool(kept),
            older=here.to(until=str(links[-1].link.seq - 1)) if more and links else "",
            csv=exported.to(format="csv"),
            jsonl=exported.to(format="jsonl"),
            newest=here.to() if given.get("until") else "",
            archived=""
            if start is None or not visibility.whole
            else fmt.number(start.head.seq, locale),
            sinks=tuple(
                SinkRow(
                    name=fmt.display_text(name),
                    seq=fmt.number(place.seq, locale),
                    fault=fmt.display_text(t(place.fault, locale)),
                    at=fmt.moment(place.at, context.now, locale) if place.fault else None,
                )
                for name, place in await self._sinks(visibility)
            ),
        )
        return replace(result(context, "audit", view, "Audit"), live=False)

    async def listing(self, change: Change) -> Response:
        """Return the same as JSON; raises likewise."""
        _require_signed_in(change.context)
        visibility = LedgerVisibility(change.context)
        links, more, total = await self._found(change.context.query, visibility)
        listing: dict[str, object] = {
            "items": [told_of(seen.link, seen.masked) for seen in links],
            "total": total,
            "per_page": PER_PAGE,
        }
        listing["sinks"] = [
            {"name": name, "seq": place.seq, **({"fault": place.fault} if place.fault else {})}
            for name, place in await self._sinks(visibility)
        ]
        if more and links:
            listing["until"] = links[-1].link.seq - 1
        return fresh(msgspec.json.encode(listing), JSON)

    async def export(self, change: Change) -> Response:
        """Return every requested record as a file, oldest first; the export is recorded beforehand.

        Raises:
            SignInNeededError, DeniedError: as for the list.
            StoreError: it cannot be recorded, so nothing is returned.
        """
        _require_signed_in(change.context)
        given = change.context.query
        name = given.get("format", "jsonl")
        form = FORMS[name]
        filters = {name: value for name, value in given.items() if value and name != "format"}
        recording = self._people.recording
        end = await recording.note_viewer(
            Event.EXPORTED, change.context.viewer, format=name, **filters
        )
        headers = {
            "content-disposition": f'attachment; filename="ledger.{name}"',
            "cache-control": NOT_KEPT,
        }
        lines = self._lines(_wanted(given), form, end, LedgerVisibility(change.context))
        return StreamingResponse(lines, headers=headers, media_type=form.media)

    async def _lines(
        self, wanted: RecordFilter, form: Form, upto: int, visibility: LedgerVisibility
    ) -> AsyncIterator[bytes]:
        yield form.heading
        after = 0
        run = self._people.tools.database.run
        wanted = await run(visibility.narrowed, wanted)
        while links := await run(ledger.page, wanted, after=after, upto=upto):
            shown = filter(None, map(visibility.shown, links))
            yield b"".join(form.line(seen.link, seen.masked) for seen in shown)
            after = links[-1].seq

    async def _sinks(self, visibility: LedgerVisibility) -> list[tuple[str, SinkPosition]]:
        """Return the receivers and how far each is, for a viewer who sees the whole ledger."""
        tools = self._people.tools
        if not visibility.whole:
            return []
        known = await tools.database.run(sinks.places, tools.sinks) if tools.sinks else {}
        return [(name, known.get(key, SinkPosition())) for key, name in tools.sinks.items()]

    async def _found(
        self, given: Mapping[str, str], visibility: LedgerVisibility
    ) -> tuple[list[VisibleRecord], bool, int]:
        """Return the requested records, whether there are older ones, and how many in all."""
        until = given.get("until")
        run = self._people.tools.database.run
        wanted = await run(visibility.narrowed, _wanted(given))
        upto = None if until is None else int(until)
        links = await run(ledger.latest, wanted, most=PER_PAGE + 1, upto=upto)
        total = await run(ledger.count, wanted)
        visible = list(filter(None, map(visibility.shown, links[:PER_PAGE])))
        return visible, len(links) > PER_PAGE, total


def _require_signed_in(context: PageContext) -> None:
    known(context)
    _require(context)


def _wanted(given: Mapping[str, str]) -> RecordFilter:
    return RecordFilter(
        event=given.get("event", ""),
        actor=given.get("actor", ""),
        text=given.get("q", ""),
        since=_time(given, "since"),
        until=_time(given, "before"),
    )


def _time(given: Mapping[str, str], name: str) -> float | None:
    return read_time(given[name], 0.0) if given.get(name) else None


def _in_field(given: Mapping[str, str], name: str) -> str:
    """Return a time as a time field holds it: UTC without a zone, to the minute."""
    at = _time(given, name)
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M")


def _require(context: PageContext) -> None:
    if not sees_audit(context.viewer, context.monitor):
        raise DeniedError(
            "Your role cannot see the audit log here.",
            remedy='You need a role with see = ["audit"], and one of its networks.',
        )


def _place(item: tuple[str, object]) -> int:
    """Return the position of a record's word: what was done comes first, what proves it last."""
    return _FIRST.index(item[0]) if item[0] in _FIRST else len(_FIRST)


def _said(name: str, value: str, locale: str, here: str) -> Detail:
    href = ""
    if name == "preview" and _ID.fullmatch(value):
        href = operation_href(value, page_on("", here))
    if name in {"intent", "restores"} and value.isdecimal():
        href = f"/audit?until={value}"
    word = _word("record ", name, locale)
    text = _word("recorded ", value, locale) if name in _WORDED else value
    return Detail(name=fmt.display_text(word), value=fmt.display_text(text), href=href)


def _word(kind: str, text: str, locale: str) -> str:
    """Return a word of the ledger in a language; unchanged if the catalog does not have it."""
    return t(kind + text, locale).removeprefix(kind)


def _row(seen: VisibleRecord, context: PageContext) -> AuditRow:
    link, record, locale = seen.link, seen.record, context.locale
    who, event = table(record.get("who")), str(record.get("event", ""))
    known = event in set(Event)
    return AuditRow(
        seq=link.seq,
        at=fmt.stored_moment(record.get("at"), context.now, locale),
        event=event,
        label=t(LABELS[Event(event)], locale) if known else fmt.display_text(event),
        bad=known and Event(event) in _BAD,
        name=fmt.display_text(str(who.get("name", ""))),
        address=fmt.display_text(str(who.get("address", ""))),
        how=fmt.display_text(_word("recorded ", str(who.get("how", "")), locale)),
        roles=tuple(fmt.display_text(str(role)) for role in who.get("roles", ())),
        said=tuple(
            _said(str(name), str(value), locale, context.path)
            for name, value in sorted(table(record.get("detail")).items(), key=_place)
        ),
        digest=link.digest.hex(),
    )
