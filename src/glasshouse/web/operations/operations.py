"""Operations for people and for programs: request, preview, confirm, follow, stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from weakref import WeakValueDictionary

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from glasshouse.control.affected_queues import queues_of
from glasshouse.control.control import Control
from glasshouse.control.preview import ShownPreview
from glasshouse.control.result import Result
from glasshouse.control.runner import stoppable
from glasshouse.control.stopping import may_stop
from glasshouse.ledger import subject
from glasshouse.model.access import Outcome
from glasshouse.model.errors import DeniedError, GlasshouseError, InvalidError, NotFoundError
from glasshouse.model.messages import message
from glasshouse.policy.visibility import Visibility
from glasshouse.storage import trash
from glasshouse.storage.operations import RunningOperation
from glasshouse.storage.trash import TrashBatch
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.step_up import in_person, known
from glasshouse.web.http.bodies import lists, mapping
from glasshouse.web.http.replies import JSON, fresh
from glasshouse.web.operations.parsing import order_of_form, order_of_json
from glasshouse.web.operations.views import confirm_view, operation_view, trash_view
from glasshouse.web.presentation import permissions
from glasshouse.web.presentation.views.operations import OperationsView, StopView
from glasshouse.web.request.change import Change, see
from glasshouse.web.request.context import PageContext, PageResult, result, server_of
from glasshouse.web.request.errors import status_of
from glasshouse.web.request.form_errors import slip_of
from glasshouse.web.request.ledger_visibility import all_shown, covers
from glasshouse.web.request.person import Person
from glasshouse.web.request.refusals import FactorNeededError, TooManyError
from glasshouse.web.request.requester import powers_of, requester_of
from glasshouse.web.request.return_path import (
    BACK,
    came_from,
    operation_href,
    page_on,
    step_up_href,
)
from glasshouse.web.shapes import jobs
from glasshouse.web.shapes.operations import (
    HeapShape,
    OperationShape,
    OutcomeShape,
    PreviewShape,
    TrashShape,
)

_MOST_HEAPS = 100
_GONE = message("This operation does not exist, or its preview is more than ten minutes old.")


class Operations:
    """Passes requests to the control, and shows their outcomes."""

    def __init__(self, people: People, control: Control) -> None:
        """Use ``control``."""
        self._people = people
        self._control = control
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    # -- programs ----------------------------------------------------------------

    async def api_preview(self, change: Change) -> Response:
        """``POST …/operations/preview``: what an operation request would do."""
        context, order = change.context, order_of_json(change)
        server = server_of(context).name
        shown = await self._control.preview(requester_of(context.viewer, server), server, order)
        return fresh(msgspec.json.encode(_told_preview(shown)), JSON)

    async def api_perform(self, change: Change) -> Response:
        """``POST …/operations``: 200 with the outcome, 202 while it is still running."""
        context, order = change.context, order_of_json(change)
        server = server_of(context).name
        done = await self._control.perform(requester_of(context.viewer, server), server, order)
        seen = _seen(done, context.viewer.sees(server))
        return fresh(msgspec.json.encode(_told(seen)), JSON, _status(done))

    async def api_status(self, change: Change) -> Response:
        """``GET /api/v1/operations/{id}``: its progress and outcome."""
        known(change.context)
        operation = await self._operation(change.context)
        return fresh(msgspec.json.encode(_told_whole(operation)), JSON)

    async def api_stop(self, change: Change) -> Response:
        """``POST /api/v1/operations/{id}`` with ``{"stop": true}``."""
        known(change.context)
        fields = mapping(change.body, change.headers.get("content-type", ""))
        if fields.get("stop") is not True:
            raise InvalidError("Nothing was requested.", remedy='Send {"stop": true}.')
        await self._stop(change.context)
        operation = await self._operation(change.context)
        return fresh(msgspec.json.encode(_told_whole(operation)), JSON)

    async def api_trash(self, change: Change) -> Response:
        """``GET …/trash``: deleted jobs that can be restored."""
        batches = await self._batches(change.context)
        lifetime = self._control.bounds.seconds
        shape = TrashShape(items=[_told_heap(batch, lifetime) for batch in batches])
        return fresh(msgspec.json.encode(shape), JSON)

    # -- people --------------------------------------------------------------------

    async def operate(self, change: Change) -> Response:
        """Accept a form of any page: its request is previewed before it is confirmed."""
        in_person(change.context)
        fields = lists(change.body, change.headers.get("content-type", ""))
        server = server_of(change.context).name
        requester = requester_of(change.context.viewer, server)
        back = page_on(server, fields.pop(BACK, [""])[0])
        try:
            shown = await self._control.preview(requester, server, order_of_form(fields))
        except (InvalidError, NotFoundError) as error:
            return await change.again(back, slip_of(fields, error))
        return see(operation_href(shown.preview, back))

    async def change(self, change: Change) -> Response:
        """Confirm a preview, or stop an operation."""
        person, fields = in_person(change.context), change.fields()
        # A double click sends one code twice: the second request waits and gets the outcome.
        key = (person.name, change.context.params["id"])
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await self._changed(change, person, fields)

    async def _changed(self, change: Change, person: Person, fields: Mapping[str, str]) -> Response:
        context, session, back = change.context, None, came_from(fields)
        here = operation_href(context.params["id"], back)
        stop = fields.get("action") == "stop"
        preview = None if stop else await self._again(context)
        if preview is None and not stop:
            # Confirmed twice, or too late: show what exists of it.
            return see(here)
        try:
            if code := fields.get("code", "").strip():
                context, session = await self._proven(change, person, code)
            if preview is None:
                await self._stop(context)
            else:
                await self._agree(context, fields, *preview)
            answer = see(here)
        except (InvalidError, FactorNeededError, TooManyError, DeniedError) as error:
            context = replace(context, query={**context.query, BACK: back})
            page = await self.page(context, error, fields.get("reason", ""))
            answer = change.page(replace(page, status=status_of(error)))
        return answer if session is None else change.signed_in(answer, session)

    async def _proven(
        self, change: Change, person: Person, code: str
    ) -> tuple[PageContext, str | None]:
        """Check a code; return the context in which it counts, and the session that it created."""
        await self._people.factors.show_code(person.name, code, change.address)
        session = None
        if person.session is not None:
            session = await self._people.sessions.prove(person.session, factor=True)
        viewer = change.context.viewer
        proven = msgspec.structs.replace(viewer.context, factor_age=0.0)
        viewer = msgspec.structs.replace(viewer, context=proven)
        return replace(change.context, viewer=viewer), session

    async def trash(self, context: PageContext) -> PageResult:
        """``/{server}/trash``: deleted jobs that can be restored.

        Raises:
            DeniedError: the viewer's role does not see it.
        """
        batches = await self._batches(context)
        view = trash_view(batches, self._control.bounds, context)
        return replace(result(context, "trash", view, "Trash"), live=False)

    async def _batches(self, context: PageContext) -> list[TrashBatch]:
        server = server_of(context)
        if not (context.viewer.signed_in and server.visibility.trash):
            raise DeniedError(
                "Your role cannot see the trash here.",
                remedy='You need a role with see = ["trash"], and one of its networks.',
            )
        shows = server.visibility.shows
        batches = await self._control.database.run(trash.batches, server.name, _MOST_HEAPS, shows)
        return [_seen_heap(batch, server.visibility) for batch in batches]

    async def _agree(
        self, context: PageContext, fields: Mapping[str, str], server: str, shown: ShownPreview
    ) -> None:
        order = msgspec.structs.replace(
            shown.order,
            preview=shown.preview,
            reason=fields.get("reason", ""),
            lossy="lossy" in fields,
        )
        await self._control.perform(requester_of(context.viewer, server), server, order)

    async def _again(self, context: PageContext) -> tuple[str, ShownPreview] | None:
        return await self._control.again(
            context.params["id"], partial(requester_of, context.viewer)
        )

    async def page(
        self, context: PageContext, error: GlasshouseError | None = None, reason: str = ""
    ) -> PageResult:
        """``/operations/{id}``: a preview to confirm, or why it cannot be; or an operation."""
        preview = await self._again(context)
        if preview is not None:
            server, shown = preview
            context = _on(context, server)
            held = await self._people.factors.of(context.viewer.actor.name)
            confirm = confirm_view(
                shown, context, error=error, reason=reason, codes=held.totp is not None
            )
            view = OperationsView(confirm=confirm, operation=None)
            page = result(context, "operation", view, confirm.title)
            return replace(page, live=False, title=confirm.title, about=context)
        done = await self._operation(context)
        context = _on(context, done.running.server)
        shown_view = operation_view(
            done.running, done.moved, context, stop=await self._stop_view(context, done.running),
            error=error,
        )  # fmt: skip
        view = OperationsView(confirm=None, operation=shown_view)
        page = result(context, "operation", view, "Operation")
        return replace(page, live=False, title=shown_view.meaning, about=context)

    async def _operation(self, context: PageContext) -> Result:
        operation = await self._control.status(context.params["id"])
        if operation is not None and _may_see(context, operation.running):
            return _seen(operation, context.viewer.sees(operation.running.server))
        raise NotFoundError(_GONE, remedy="Request a new preview, or see the audit log.")

    async def _stop_view(self, context: PageContext, running: RunningOperation) -> StopView | None:
        """Return how the viewer may stop an operation; ``None`` where there is nothing to press."""
        if running.ended_at is not None or running.stop or not stoppable(running):
            return None
        viewer = context.viewer
        decision = may_stop(requester_of(viewer, running.server), running)
        if decision.outcome is Outcome.ALLOW:
            return StopView(why="", code=False, step_up="")
        if decision.outcome is Outcome.DENY:
            return None
        held = await self._people.factors.of(viewer.actor.name)
        why = permissions.why(viewer, decision, context.locale)
        step_up = step_up_href(operation_href(running.id, came_from(context.query)))
        return StopView(why=why, code=held.totp is not None, step_up=step_up)

    async def _stop(self, context: PageContext) -> None:
        running = (await self._operation(context)).running
        await self._control.stop(requester_of(context.viewer, running.server), running.id)


def _may_see(context: PageContext, running: RunningOperation) -> bool:
    """Return whether an operation is shown: to its requester, and to those who may see all of it.

    The latter see the ledger of its server and every queue that it is about.
    """
    viewer = context.viewer
    if running.server not in context.monitor.names:
        return False
    if viewer.actor.name and running.actor == viewer.actor.name:
        return True
    return covers(viewer.sees(running.server), queues_of(running))


def _on(context: PageContext, server: str) -> PageContext:
    powers = powers_of(context.viewer, server)
    return replace(context, server=context.monitor.server(server), powers=powers)


def _seen(operation: Result, visibility: Visibility) -> Result:
    """Return an operation without job ids and a queue that the viewer may not see."""
    running = operation.running
    if all_shown(visibility, queues_of(running)):
        return operation
    queue = running.queue if visibility.shows(running.queue) else ""
    bare = msgspec.structs.replace(running, queue=queue, examples=b"[]")
    return Result(running=bare)


def _seen_heap(batch: TrashBatch, visibility: Visibility) -> TrashBatch:
    """Return a trash batch without texts that may be about other queues too."""
    if all_shown(visibility, subject.read(batch.queues)):
        return batch
    queue = batch.queue if visibility.shows(batch.queue) else ""
    return msgspec.structs.replace(batch, queue=queue, reason="")


def _told_preview(shown: ShownPreview) -> PreviewShape:
    decision, groups = shown.decision, shown.groups
    shape = PreviewShape(
        preview=shown.preview,
        operation=shown.order.operation.value,
        decision=decision.outcome.value,
        why=decision.why.value,
        reason_needed=decision.needs_reason,
        undo=shown.undo,
    )
    if shown.count is None:
        return shape
    return msgspec.structs.replace(
        shape,
        count=shown.count,
        lost=shown.lost,
        queues=groups.queues,
        types=groups.jobtypes,
        errors=groups.errors,
        samples=[jobs.flattened(job, whole=False) for job in shown.samples],
        oldest=UNSET if shown.oldest is None else shown.oldest,
        newest=UNSET if shown.newest is None else shown.newest,
    )


def _status(done: Result) -> int:
    return 202 if done.running.ended_at is None else 200


def _told(done: Result) -> OutcomeShape:
    running = done.running
    shape = OutcomeShape(record=running.record, operation=running.id)
    if running.ended_at is None:
        return shape
    shape = msgspec.structs.replace(shape, outcome=running.outcome, detail=running.detail or UNSET)
    if not running.steps:
        return shape
    return msgspec.structs.replace(
        shape, jobs=running.done, of=running.total, moved=list(done.moved)
    )


def _told_whole(operation: Result) -> OperationShape:
    running = operation.running
    return OperationShape(
        id=running.id,
        record=running.record,
        server=running.server,
        operation=running.operation,
        actor=running.actor,
        state="running" if running.ended_at is None else "ended",
        started_at=running.started_at,
        total=running.total,
        done=running.done,
        moved=running.moved,
        examples=list(operation.moved),
        outcome=running.outcome or UNSET,
        ended_at=UNSET if running.ended_at is None else running.ended_at,
        detail=running.detail or UNSET,
        stopped_by=running.stopped_by or UNSET,
    )


def _told_heap(batch: TrashBatch, lifetime: float) -> HeapShape:
    return HeapShape(
        record=batch.record,
        operation=batch.kind,
        id=batch.operation,
        actor=batch.actor,
        at=batch.at,
        expires_at=batch.at + lifetime,
        jobs=batch.kept,
        restored=batch.restored,
        queue=batch.queue or UNSET,
        reason=batch.reason or UNSET,
    )
