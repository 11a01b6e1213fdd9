"""The views of operations: what would be done, what was done, what can be restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from glasshouse.control.preview import ShownPreview
from glasshouse.model import addresses
from glasshouse.model.access import Decision, Outcome
from glasshouse.model.errors import GlasshouseError
from glasshouse.model.job import JobSet
from glasshouse.model.messages import message
from glasshouse.model.operation import Operation
from glasshouse.model.request import NAMES, OperationRequest, Undo, decode_order
from glasshouse.model.retention import Bounds
from glasshouse.storage.operations import RunningOperation
from glasshouse.storage.trash import TrashBatch
from glasshouse.web.presentation import payload, permissions, rows
from glasshouse.web.presentation.views.operations import (
    Breakdown,
    ConfirmView,
    Group,
    OperationView,
    StopView,
    TrashBatchRow,
    TrashView,
)
from glasshouse.web.presentation.views.shared import ActivityRow
from glasshouse.web.request.context import PageContext
from glasshouse.web.request.return_path import came_from, operation_href, page_on, step_up_href
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

_LINES, _LONGEST = 8, 2000
_DAY = 86400
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "done": ("good", "done"),
    "partly": ("warn", "partly done: some jobs had moved"),
    "nothing": ("warn", "nothing was changed"),
    "stopped": ("warn", "stopped early"),
    "failed": ("bad", "it failed"),
    "": ("plain", "in progress"),
}


def confirm_view(
    shown: ShownPreview,
    context: PageContext,
    *,
    error: GlasshouseError | None,
    reason: str,
    codes: bool,
) -> ConfirmView:
    """Return what the viewer is asked to confirm, in the viewer's language."""
    order, locale = shown.order, context.locale
    server = "" if context.server is None else context.server.name
    decision = _decided(shown, server, context)
    needs_factor = decision.outcome is Outcome.NEEDS_FACTOR
    back = page_on(server, came_from(context.query))
    meaning = t(permissions.MEANINGS[order.operation], locale)
    return ConfirmView(
        id=shown.preview,
        title=_begun(meaning),
        meaning=meaning,
        operation=order.operation.value,
        server=server,
        tone="danger" if order.operation in permissions.DANGER else "main",
        named=_named(order, locale),
        count="" if shown.count is None else _counted(shown.count, locale),
        breakdowns=_breakdowns(shown, locale),
        oldest=None if shown.oldest is None else fmt.moment(shown.oldest, context.now, locale),
        newest=None if shown.newest is None else fmt.moment(shown.newest, context.now, locale),
        samples=tuple(
            rows.job_row(job, None, server, context.now, locale) for job in shown.samples
        ),
        undo=_undo(shown, locale),
        lost=fmt.number(shown.lost, locale) if shown.lost else "",
        why=_why(decision, context),
        counts=_counts(order, locale),
        code=needs_factor and codes,
        step_up=step_up_href(operation_href(shown.preview, back)) if needs_factor else "",
        needs_reason=decision.needs_reason,
        reason=fmt.display_text(reason),
        # A server without jobs still has queues and counts to lose.
        nothing=shown.count == 0 and order.operation is not Operation.SERVER_FLUSH,
        fault="" if error is None else t(error.detail, locale),
        remedy="" if error is None else t(error.remedy, locale),
        back=back or _back(order, server),
        carried=back,
    )


def operation_view(
    running: RunningOperation,
    moved: Sequence[str],
    context: PageContext,
    *,
    stop: StopView | None,
    error: GlasshouseError | None = None,
) -> OperationView:
    """Return an operation with its progress."""
    locale, now = context.locale, context.now
    operation = Operation(running.operation)
    tone, outcome = OUTCOMES.get(running.outcome, OUTCOMES[""])
    ended = running.ended_at
    handled = running.done + running.moved
    back = page_on(running.server, came_from(context.query))
    kept = NAMES[operation].undo is Undo.TRASH and bool(running.done)
    return OperationView(
        id=running.id,
        operation=running.operation,
        meaning=_begun(t(permissions.MEANINGS[operation], locale)),
        server=running.server,
        queue=fmt.display_text(running.queue),
        actor=fmt.display_text(running.actor.partition(":")[2]),
        reason=fmt.display_text(running.reason),
        at=fmt.moment(running.started_at, now, locale),
        ended=None if ended is None else fmt.moment(ended, now, locale),
        record=fmt.number(running.record, locale),
        audit_href=_audit_href(running.record, context),
        running=ended is None,
        stopping=ended is None and bool(running.stop),
        stopped_by=fmt.display_text(running.stopped_by.partition(":")[2]),
        stop=stop,
        fault="" if error is None else t(error.detail, locale),
        remedy="" if error is None else t(error.remedy, locale),
        tone=tone,
        outcome=t(outcome, locale),
        detail=fmt.display_text(t(running.detail, locale)),
        total=fmt.number(running.total, locale) if running.steps else "",
        done=fmt.number(running.done, locale),
        moved=fmt.number(running.moved, locale) if running.moved else "",
        percent=round(100 * handled / running.total) if running.total else 0,
        examples=tuple(fmt.name(jid) for jid in moved),
        undo=kept and "trash.restore" in context.powers and ended is not None,
        record_number=running.record,
        server_href=f"/{running.server}",
        here=operation_href(running.id, back),
        back=back or _from(running),
        carried=back,
    )


def _audit_href(record: int, context: PageContext) -> str:
    sees = context.server is not None and context.server.visibility.audit
    return f"/audit?until={record}" if sees else ""


def _from(running: RunningOperation) -> str:
    """Return the page where an operation was requested; empty if that is no longer known."""
    try:
        return _back(decode_order(running.asked), running.server)
    except msgspec.MsgspecError:
        return ""


def trash_view(batches: Sequence[TrashBatch], bounds: Bounds, context: PageContext) -> TrashView:
    """Return what was deleted on a server, newest first."""
    server = "" if context.server is None else context.server.name
    return TrashView(
        rows=tuple(_batch(batch, bounds, context) for batch in batches),
        days=fmt.number(round(bounds.seconds / _DAY), context.locale),
        most=fmt.number(bounds.most, context.locale),
        may="trash.restore" in context.powers,
        to=f"/{server}/operations",
        here=context.path,
    )


def strip_row(running: RunningOperation, context: PageContext) -> ActivityRow:
    """Return one line of the activity strip of a queue or a job."""
    locale = context.locale
    _, outcome = OUTCOMES.get(running.outcome, OUTCOMES[""])
    here = {"queue", "jid", "name"} & (context.params.keys() | context.query.keys())
    seen = context.server is not None and context.server.visibility.shows(running.queue)
    return ActivityRow(
        where=fmt.display_text(running.queue) if seen and not here else "",
        meaning=_begun(t(permissions.MEANINGS[Operation(running.operation)], locale)),
        actor=fmt.display_text(running.actor.partition(":")[2]),
        reason=fmt.display_text(running.reason),
        outcome=t(outcome, locale),
        at=fmt.moment(running.started_at, context.now, locale),
        href=operation_href(running.id, page_on(running.server, context.path)),
    )


def _begun(text: str) -> str:
    """Return a text with its first letter in upper case, to begin a line."""
    return text[:1].upper() + text[1:]


def _batch(batch: TrashBatch, bounds: Bounds, context: PageContext) -> TrashBatchRow:
    locale, now = context.locale, context.now
    return TrashBatchRow(
        record=batch.record,
        href=operation_href(batch.operation, context.path),
        meaning=_begun(t(permissions.MEANINGS[Operation(batch.kind)], locale)),
        queue=fmt.display_text(batch.queue),
        actor=fmt.display_text(batch.actor.partition(":")[2]),
        reason=fmt.display_text(batch.reason),
        at=fmt.moment(batch.at, now, locale),
        kept=_counted(batch.kept, locale),
        restored=fmt.number(batch.restored, locale) if batch.restored else "",
        left=batch.kept > batch.restored,
        expires=fmt.moment(batch.at + bounds.seconds, now, locale),
    )


def _decided(shown: ShownPreview, server: str, context: PageContext) -> Decision:
    """Return the decision; that a second person is needed is reported before a factor is."""
    if shown.decision.outcome is not Outcome.NEEDS_FACTOR:
        return shown.decision
    order = shown.order
    also = permissions.second_person(context.viewer, order.operation, server, order.queue)
    return shown.decision if also is None else also


def _counts(order: OperationRequest, locale: str) -> str:
    """Return what a manual retry does to the count of a job's own retries."""
    if order.operation is not Operation.JOB_RETRY or order.set == JobSet.SCHEDULED:
        return ""
    return t(
        "Each of these uses up one of the job's own retries, as in Faktory. A job with none "
        "left is dead again if it fails.",
        locale,
    )


def _why(decision: Decision, context: PageContext) -> str:
    if decision.outcome is Outcome.ALLOW:
        return ""
    return permissions.why(context.viewer, decision, context.locale)


def _undo(shown: ShownPreview, locale: str) -> str:
    if not shown.undo:
        return ""
    if shown.order.operation is Operation.SERVER_FLUSH:
        return t(
            "Deleted jobs go to the trash and can be restored: jobs running now would be "
            "enqueued again. Queues, pauses, counts and the log of finished jobs cannot "
            "be restored.",
            locale,
        )
    return t("Deleted jobs go to the trash and can be restored.", locale)


def _named(order: OperationRequest, locale: str) -> tuple[Group, ...]:
    facts = [
        ("Queue", order.queue),
        (message("Set"), None if order.set is None else t(order.set.capitalize(), locale)),
        ("Search", order.query or None),
        ("Worker", t("all of them", locale) if order.worker == "*" else order.worker),
        (message("Deleted by record"), None if order.record is None else str(order.record)),
        ("Job", order.job and payload.pretty(order.job.encode(errors="replace"), _LONGEST)),
    ]
    for name, value in (order.parameters or {}).items():
        facts.append((name, f"{value:g}"))
    return tuple(
        Group(name=t(name, locale), count=value if name == "Job" else fmt.display_text(value))
        for name, value in facts
        if value is not None
    )


def _breakdowns(shown: ShownPreview, locale: str) -> tuple[Breakdown, ...]:
    groups = shown.groups
    tables = (("Type", groups.jobtypes), ("Queue", groups.queues), ("Error", groups.errors))
    return tuple(_breakdown(t(label, locale), counts, locale) for label, counts in tables if counts)


def _breakdown(label: str, counts: Mapping[str, int], locale: str) -> Breakdown:
    lines = list(counts.items())
    return Breakdown(
        label=label,
        groups=tuple(
            Group(name=fmt.cut(fmt.display_text(name), 80), count=fmt.number(count, locale))
            for name, count in lines[:_LINES]
        ),
        more=fmt.number(len(lines) - _LINES, locale) if len(lines) > _LINES else "",
    )


def _counted(count: int, locale: str) -> str:
    return fmt.counted(count, "1 job", "{n} jobs", locale)


def _back(order: OperationRequest, server: str) -> str:
    if order.queue is not None:
        return addresses.queue_href(server, order.queue)
    if order.set is not None:
        return f"/{server}/{order.set}"
    if order.worker is not None:
        return f"/{server}/busy"
    if order.parameters is not None or order.operation is Operation.SERVER_FLUSH:
        return f"/{server}/parameters"
    return f"/{server}/trash" if order.record is not None else f"/{server}"
