"""Hidden values of one job, shown once to those who may reveal them; the reason is recorded."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from starlette.responses import Response

from glasshouse.ledger import subject
from glasshouse.ledger.record import Event
from glasshouse.model.addresses import job_href
from glasshouse.model.errors import InvalidError, NotFoundError
from glasshouse.model.listing import Entries
from glasshouse.model.request import MOST_REASON
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.step_up import in_person, known
from glasshouse.web.http.bodies import mapping
from glasshouse.web.http.replies import JSON, fresh
from glasshouse.web.pages import job
from glasshouse.web.presentation.views import JobEntry, JobView, StoredText
from glasshouse.web.request.change import Change
from glasshouse.web.request.context import PageContext, server_of
from glasshouse.web.request.form_errors import slip_of
from glasshouse.web.shapes import jobs
from glasshouse.web.shapes.operations import RevealedShape
from glasshouse.web.text import format as fmt


class Reveal:
    """Shows hidden values after recording that they are shown."""

    def __init__(self, people: People) -> None:
        """Record in the ledger of ``people``."""
        self._people = people

    async def page(self, change: Change) -> Response:
        """Answer a form of a job's page with that page, nothing hidden."""
        in_person(change.context)
        fields = change.fields()
        # Its forms lead back to the page of the job.
        original = change.context
        here = job_href(server_of(original).name, original.params["jid"])
        try:
            reason = _reason(fields.get("reason", ""))
        except InvalidError as error:
            slip = slip_of({name: [value] for name, value in fields.items()}, error)
            return await change.again(here, slip)
        context, entries = await self._revealed(replace(original, path=here))
        await self._record(context, entries, reason)
        shown = await job.job(context)
        assert isinstance(shown.view, JobView)
        view = msgspec.structs.replace(
            shown.view,
            entries=tuple(_at_once(entry) for entry in shown.view.entries),
            revealed=fmt.display_text(reason),
        )
        return change.page(replace(shown, view=view, live=False))

    async def answer(self, change: Change) -> Response:
        """Answer a program with every entry of a job in full."""
        known(change.context)
        fields = mapping(change.body, change.headers.get("content-type", ""))
        reason = _reason(fields.get("reason"))
        context, entries = await self._revealed(change.context)
        await self._record(context, entries, reason)
        items = [jobs.flattened(item, whole=True) for item in entries.items]
        shape = RevealedShape(items=items, total=entries.total)
        return fresh(msgspec.json.encode(shape), JSON)

    async def _revealed(self, context: PageContext) -> tuple[PageContext, Entries]:
        """Return the context in which nothing of the server is hidden, and the job in it.

        Raises:
            DeniedError: the viewer may not reveal it.
            NotFoundError: there is no such job.
        """
        server = context.monitor.revealed(server_of(context).name)
        entries = await server.jobs(context.params["jid"])
        if not entries.items:
            raise NotFoundError("This job is no longer on the server.")
        return replace(context, server=server), entries

    async def _record(self, context: PageContext, entries: Entries, reason: str) -> None:
        queues = tuple(dict.fromkeys(job.queue for job in entries.items))
        await self._people.recording.note_viewer(
            Event.REVEALED,
            context.viewer,
            server=server_of(context).name,
            jid=context.params["jid"],
            reason=reason,
            **subject.named(queues),
        )


def _reason(value: object) -> str:
    reason = value.strip() if isinstance(value, str) else ""
    if not 0 < len(reason) <= MOST_REASON:
        raise InvalidError(
            "Give a reason to see hidden values.",
            remedy=f"Give a reason of at most {MOST_REASON} characters.",
        )
    return reason


def _at_once(entry: JobEntry) -> JobEntry:
    """Return an entry whose texts are not fetched from an address that would hide them."""

    def whole(stored: StoredText) -> StoredText:
        return msgspec.structs.replace(stored, href="")

    raw = None if entry.raw is None else whole(entry.raw)
    return msgspec.structs.replace(entry, args=whole(entry.args), raw=raw)
