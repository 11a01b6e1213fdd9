"""What somebody may do on a page: the bars of buttons, and why one of them is off."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from glasshouse.model.access import Outcome
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.operation import Operation, Target
from glasshouse.model.server import Queue, Worker, WorkerState
from glasshouse.web import format as fmt
from glasshouse.web import payload, views
from glasshouse.web.context import PageContext
from glasshouse.web.i18n import t
from glasshouse.web.people import may

_LABELS = {
    Operation.QUEUE_PAUSE: "Pause",
    Operation.QUEUE_RESUME: "Resume",
    Operation.QUEUE_DELETE_JOBS: "Delete",
    Operation.QUEUE_CLEAR: "Clear the queue",
    Operation.JOB_RETRY: "Retry",
    Operation.JOB_KILL: "Kill",
    Operation.JOB_DELETE: "Delete",
    Operation.SET_CLEAR: "Clear this set",
    Operation.WORKER_QUIET: "Quiet",
    Operation.WORKER_TERMINATE: "Terminate",
    Operation.SERVER_CONFIGURE: "Change",
    Operation.SERVER_FLUSH: "Flush everything",
}
_IN_SET = {
    JobSet.RETRIES: (Operation.JOB_RETRY, Operation.JOB_KILL, Operation.JOB_DELETE),
    JobSet.SCHEDULED: (Operation.JOB_RETRY, Operation.JOB_KILL, Operation.JOB_DELETE),
    JobSet.DEAD: (Operation.JOB_RETRY, Operation.JOB_DELETE),
}
_SET_OF = {
    JobState.RETRIES: JobSet.RETRIES,
    JobState.SCHEDULED: JobSet.SCHEDULED,
    JobState.DEAD: JobSet.DEAD,
}
_NOT_COPIED = ("jid", "failure", "enqueued_at", "created_at", "at")
_MOST_COPIED = 32 << 10
ALL = "*"


def set_bars(
    context: PageContext, name: JobSet, query: str, total: int
) -> tuple[views.ActBar | None, views.ActBar | None]:
    """Return what may be done with jobs of a set, and with the set."""
    if not total:
        return None, None
    hidden = (views.Hidden(name="set", value=name.value),)
    buttons = _buttons(context, _IN_SET[name], None, scheduled=name is JobSet.SCHEDULED)
    every = t("All that match" if query.strip() else "All of this set", context.locale)
    if not fmt.sendable(query):
        every = ""
    picks = _bar(context, hidden, buttons, box="keys", every=every, query=query)
    return picks, _bar(context, hidden, _buttons(context, (Operation.SET_CLEAR,), None))


def queue_bars(
    context: PageContext, name: str, total: int, *, paused: bool | None
) -> tuple[views.ActBar | None, views.ActBar | None]:
    """Return what may be done with jobs of a queue, and with the queue."""
    if not fmt.sendable(name):
        return None, None
    hidden = (views.Hidden(name="queue", value=name),)
    picks = None
    if total:
        buttons = _buttons(context, (Operation.QUEUE_DELETE_JOBS,), name)
        picks = _bar(context, hidden, buttons, box="jids")
    whole: tuple[Operation, ...] = (Operation.QUEUE_RESUME if paused else Operation.QUEUE_PAUSE,)
    if total:
        whole = (*whole, Operation.QUEUE_CLEAR)
    return picks, _bar(context, hidden, _buttons(context, whole, name))


def row_bar(context: PageContext, queue: Queue) -> views.ActBar | None:
    """Return the button that holds a queue of a list, or lets it go on."""
    _, bar = queue_bars(context, queue.name, 0, paused=queue.paused)
    return _possible(bar)


def _possible(bar: views.ActBar | None) -> views.ActBar | None:
    """Return a row's bar unless all of it is off: why is said once, and not in every row."""
    if bar is None or all(button.why for button in bar.buttons):
        return None
    return bar


def entry_bar(context: PageContext, job: StoredJob) -> views.ActBar | None:
    """Return what may be done with one entry of a job; nothing while it runs."""
    name = job.key or job.jid
    if not fmt.sendable(name + job.queue):
        return None
    if job.state is JobState.ENQUEUED:
        hidden = (
            views.Hidden(name="queue", value=job.queue),
            views.Hidden(name="jids", value=job.jid),
        )
        return _bar(context, hidden, _buttons(context, (Operation.QUEUE_DELETE_JOBS,), job.queue))
    where = _SET_OF.get(job.state)
    if where is None or job.key is None:
        return None
    hidden = (
        views.Hidden(name="set", value=where.value),
        views.Hidden(name="keys", value=job.key),
    )
    scheduled = where is JobSet.SCHEDULED
    return _bar(context, hidden, _buttons(context, _IN_SET[where], job.queue, scheduled=scheduled))


def worker_bar(context: PageContext, worker: Worker) -> views.ActBar | None:
    """Return what may be done with one worker, if anything may; one that ends is let end."""
    if not fmt.sendable(worker.wid) or worker.state is WorkerState.TERMINATE:
        return None
    wanted: tuple[Operation, ...] = (Operation.WORKER_QUIET, Operation.WORKER_TERMINATE)
    if worker.state is WorkerState.QUIET:
        wanted = wanted[1:]
    return _possible(_workers(context, worker.wid, _buttons(context, wanted, None)))


def workers_bar(context: PageContext) -> views.ActBar | None:
    """Return what may be done with all workers together."""
    buttons = _buttons(context, (Operation.WORKER_QUIET, Operation.WORKER_TERMINATE), None)
    labels = (t("Quiet all", context.locale), t("Terminate all", context.locale))
    named = [
        msgspec.structs.replace(button, label=label)
        for button, label in zip(buttons, labels, strict=bool(buttons))
    ]
    return _workers(context, ALL, named)


def parameters_bar(context: PageContext) -> views.ActBar | None:
    """Return the form that changes parameters."""
    return _bar(context, (), _buttons(context, (Operation.SERVER_CONFIGURE,), None))


def flush_bar(context: PageContext) -> views.ActBar | None:
    """Return the button that flushes the server; none where that is switched off."""
    if context.server is None or context.server.name not in context.viewer.rules.flushable:
        return None
    return _bar(context, (), _buttons(context, (Operation.SERVER_FLUSH,), None))


def may_push(context: PageContext, queue: str | None) -> bool:
    """Return whether somebody may push a job here."""
    if Operation.JOB_PUSH not in context.powers or context.server is None:
        return False
    target = Target(server=context.server.name, queue=queue)
    return context.viewer.may(Operation.JOB_PUSH, target).outcome is not Outcome.DENY


def copy_of(context: PageContext, job: StoredJob) -> str:
    """Return the text of a job that is pushed as a new one; empty where it cannot be copied."""
    if job.partial or job.redacted or not may_push(context, job.queue):
        return ""
    members = payload.fields(job.payload)
    kept = {name: raw for name, raw in members.items() if name not in _NOT_COPIED}
    if not kept or len(job.payload) > _MOST_COPIED:
        return ""
    try:
        told = {name: raw.decode() for name, raw in kept.items()}
        text = "{" + ",".join(f"{_quoted(name)}:{raw}" for name, raw in told.items()) + "}"
    except UnicodeDecodeError:
        return ""
    shown = payload.pretty(text.encode())
    # What would be shown otherwise than it is cannot be sent by a form as it is.
    return shown if "".join(shown.split()) == "".join(text.split()) else ""


def new_job(context: PageContext, queue: str) -> str:
    """Return the text that a new job for a queue begins with; empty where none may be pushed."""
    if not fmt.sendable(queue) or not may_push(context, queue):
        return ""
    return f'{{\n  "jobtype": "",\n  "queue": {_quoted(queue)},\n  "args": []\n}}'


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _workers(
    context: PageContext, worker: str, buttons: Sequence[views.ActButton]
) -> views.ActBar | None:
    return _bar(context, (views.Hidden(name="worker", value=worker),), buttons)


def _bar(
    context: PageContext,
    hidden: tuple[views.Hidden, ...],
    buttons: Sequence[views.ActButton],
    *,
    box: str = "",
    every: str = "",
    query: str = "",
) -> views.ActBar | None:
    if not buttons or context.server is None:
        return None
    return views.ActBar(
        to=f"/{context.server.name}/operations",
        hidden=hidden,
        buttons=tuple(buttons),
        box=box,
        every=every,
        query=query,
    )


def _buttons(
    context: PageContext,
    wanted: Sequence[Operation],
    queue: str | None,
    *,
    scheduled: bool = False,
) -> list[views.ActButton]:
    """Return a button each: none at all for who may do nothing here."""
    if not context.powers or context.server is None:
        return []
    return [
        views.ActButton(
            operation=operation.value,
            label=t(
                "Run now" if scheduled and operation is Operation.JOB_RETRY else _LABELS[operation],
                context.locale,
            ),
            tone="danger" if operation in may.DANGER else "plain",
            why=_why_not(context, context.server.name, operation, queue),
        )
        for operation in wanted
    ]


def _why_not(context: PageContext, server: str, operation: Operation, queue: str | None) -> str:
    if queue is None:
        decision = may.best(context.viewer, operation, server)
    else:
        decision = context.viewer.may(operation, Target(server=server, queue=queue))
    if decision.outcome is not Outcome.DENY:
        return ""
    return may.why(context.viewer, decision, context.locale)
