"""What a viewer may do on a page: the button bars, and why a button is disabled."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from glasshouse.model.access import Outcome
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.messages import message
from glasshouse.model.operation import Operation, Target
from glasshouse.model.server import Queue, Worker, WorkerState
from glasshouse.web.presentation import payload, permissions, views
from glasshouse.web.request.context import PageContext
from glasshouse.web.request.form_errors import FormError
from glasshouse.web.request.return_path import BACK
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

LABELS = {
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
_PICKS = frozenset({"jids", "keys"})
_NOT_COPIED = ("jid", "failure", "enqueued_at", "created_at", "at")
_MOST_COPIED = 32 << 10
ALL = "*"


def set_bars(
    context: PageContext, name: JobSet, query: str, total: int
) -> tuple[views.ActBar | None, views.ActBar | None]:
    """Return the bar for jobs of a set, and the bar for the whole set."""
    if not total:
        return None, None
    hidden = (views.HiddenField(name="set", value=name.value),)
    buttons = _buttons(context, _IN_SET[name], None, scheduled=name is JobSet.SCHEDULED)
    every = t("All matches" if query.strip() else "All of this set", context.locale)
    if not fmt.sendable(query):
        every = ""
    picks = _bar(context, hidden, buttons, box="keys", every=every, query=query)
    return picks, _bar(context, hidden, _buttons(context, (Operation.SET_CLEAR,), None))


def queue_bars(
    context: PageContext, name: str, total: int, *, paused: bool | None
) -> tuple[views.ActBar | None, views.ActBar | None]:
    """Return the bar for jobs of a queue, and the bar for the whole queue."""
    if not fmt.sendable(name):
        return None, None
    hidden = (views.HiddenField(name="queue", value=name),)
    picks = None
    if total:
        buttons = _buttons(context, (Operation.QUEUE_DELETE_JOBS,), name)
        picks = _bar(context, hidden, buttons, box="keys")
    whole: tuple[Operation, ...] = (Operation.QUEUE_RESUME if paused else Operation.QUEUE_PAUSE,)
    if total:
        whole = (*whole, Operation.QUEUE_CLEAR)
    return picks, _bar(context, hidden, _buttons(context, whole, name))


def row_bar(context: PageContext, queue: Queue) -> views.ActBar | None:
    """Return the button that pauses or resumes a queue in a list."""
    _, bar = queue_bars(context, queue.name, 0, paused=queue.paused)
    return _possible(bar)


def _possible(bar: views.ActBar | None) -> views.ActBar | None:
    """Return a row's bar unless all of it is disabled: the reason is not repeated in every row."""
    if bar is None or all(button.why for button in bar.buttons):
        return None
    return bar


def entry_bar(context: PageContext, job: StoredJob) -> views.ActBar | None:
    """Return the bar for one entry of a job; ``None`` while it runs."""
    name = job.key or job.jid
    if not fmt.sendable(name + job.queue):
        return None
    if job.state is JobState.ENQUEUED:
        hidden = (
            views.HiddenField(name="queue", value=job.queue),
            # Where a reader knows no keys of queued jobs, none of them can be acted on, either.
            views.HiddenField(name="keys", value=name),
        )
        return _bar(context, hidden, _buttons(context, (Operation.QUEUE_DELETE_JOBS,), job.queue))
    where = _SET_OF.get(job.state)
    if where is None or job.key is None:
        return None
    hidden = (
        views.HiddenField(name="set", value=where.value),
        views.HiddenField(name="keys", value=job.key),
    )
    scheduled = where is JobSet.SCHEDULED
    return _bar(context, hidden, _buttons(context, _IN_SET[where], job.queue, scheduled=scheduled))


def worker_bar(context: PageContext, worker: Worker) -> views.ActBar | None:
    """Return the bar for one worker, if anything may be done; a terminating one has none."""
    if not fmt.sendable(worker.wid) or worker.state is WorkerState.TERMINATE:
        return None
    wanted: tuple[Operation, ...] = (Operation.WORKER_QUIET, Operation.WORKER_TERMINATE)
    if worker.state is WorkerState.QUIET:
        wanted = wanted[1:]
    return _possible(_workers(context, worker.wid, _buttons(context, wanted, None)))


def workers_bar(context: PageContext) -> views.ActBar | None:
    """Return the bar for all workers together."""
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
    """Return the button that flushes the server; none where flushing is switched off."""
    if context.server is None or context.server.name not in context.viewer.rules.flushable:
        return None
    return _bar(context, (), _buttons(context, (Operation.SERVER_FLUSH,), None))


def may_push(context: PageContext, queue: str | None) -> bool:
    """Return whether the viewer may push a job here."""
    if Operation.JOB_PUSH not in context.powers or context.server is None:
        return False
    target = Target(server=context.server.name, queue=queue)
    return context.viewer.may(Operation.JOB_PUSH, target).outcome is not Outcome.DENY


def copy_of(context: PageContext, job: StoredJob) -> views.PushForm | None:
    """Return the form that pushes a new job like this one, where it can be copied."""
    if job.partial or job.redacted or not may_push(context, job.queue):
        return None
    return _pushing(context, _copied(job))


def _copied(job: StoredJob) -> str:
    """Return the text of a new job like this one; empty where a form could not send it."""
    members = payload.fields(job.payload)
    kept = {name: raw for name, raw in members.items() if name not in _NOT_COPIED}
    if not kept or len(job.payload) > _MOST_COPIED:
        return ""
    try:
        fields = {name: raw.decode() for name, raw in kept.items()}
        text = "{" + ",".join(f"{_quoted(name)}:{raw}" for name, raw in fields.items()) + "}"
    except UnicodeDecodeError:
        return ""
    shown = payload.pretty(text.encode())
    # A text that is displayed differently cannot be sent unchanged by a form.
    return shown if "".join(shown.split()) == "".join(text.split()) else ""


def new_job(context: PageContext, queue: str) -> views.PushForm | None:
    """Return the form that pushes a new job to a queue, where that is allowed."""
    if not fmt.sendable(queue) or not may_push(context, queue):
        return None
    text = f'{{\n  "jobtype": "",\n  "queue": {_quoted(queue)},\n  "args": []\n}}'
    return _pushing(context, text)


def kept_job(context: PageContext) -> views.PushForm | None:
    """Return the form of a job that was rejected, although the job that it copied is gone."""
    slip = context.slip
    if slip is None or slip.operation != Operation.JOB_PUSH:
        return None
    return _pushing(context, slip.one("job"))


def _pushing(context: PageContext, text: str) -> views.PushForm | None:
    """Return the form with a text in it: the text that was sent, if that was wrong."""
    slip = context.slip
    if slip is not None and slip.operation == Operation.JOB_PUSH:
        text = slip.one("job") or text
    else:
        slip = None
    if not text or context.server is None:
        return None
    return views.PushForm(
        to=f"/{context.server.name}/operations",
        here=context.path,
        text=text,
        mistake=None if slip is None else mistake_of(slip, context.locale),
    )


def mistake_of(slip: FormError, locale: str) -> views.FieldError:
    """Return what is wrong with a form, in words."""
    slip.told, error = True, slip.error
    return views.FieldError(
        fault=fmt.display_text(t(error.detail, locale)),
        remedy=fmt.display_text(t(error.remedy or message("Correct it and try again."), locale)),
    )


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _workers(
    context: PageContext, worker: str, buttons: Sequence[views.ActButton]
) -> views.ActBar | None:
    return _bar(context, (views.HiddenField(name="worker", value=worker),), buttons)


def _bar(
    context: PageContext,
    hidden: tuple[views.HiddenField, ...],
    buttons: Sequence[views.ActButton],
    *,
    box: str = "",
    every: str = "",
    query: str = "",
) -> views.ActBar | None:
    if not buttons or context.server is None:
        return None
    slip = _slip_in(context, hidden, buttons, box)
    return views.ActBar(
        to=f"/{context.server.name}/operations",
        hidden=(views.HiddenField(name=BACK, value=context.path), *hidden),
        buttons=tuple(buttons),
        box=box,
        every=every,
        query=query,
        mistake=None if slip is None else mistake_of(slip, context.locale),
        chosen=() if slip is None else slip.every(box),
        all=slip is not None and bool(slip.one("all")),
    )


def _slip_in(
    context: PageContext,
    hidden: Sequence[views.HiddenField],
    buttons: Sequence[views.ActButton],
    box: str,
) -> FormError | None:
    """Return the slip of this form, if any: same hidden fields, and one of these operations."""
    slip = context.slip
    if slip is None or slip.operation not in {button.operation for button in buttons}:
        return None
    if any(slip.every(field.name) != (field.value,) for field in hidden):
        return None
    boxes = _PICKS if box else frozenset()
    named = {name for name in _PICKS if slip.every(name)} - {field.name for field in hidden}
    return slip if named <= boxes else None


def _buttons(
    context: PageContext,
    wanted: Sequence[Operation],
    queue: str | None,
    *,
    scheduled: bool = False,
) -> list[views.ActButton]:
    """Return a button for each operation; none at all for a viewer who may do nothing here."""
    if not context.powers or context.server is None:
        return []
    return [
        views.ActButton(
            operation=operation.value,
            label=t(
                "Run now" if scheduled and operation is Operation.JOB_RETRY else LABELS[operation],
                context.locale,
            ),
            tone="danger" if operation in permissions.DANGER else "plain",
            why=_why_not(context, context.server.name, operation, queue),
            note=_also(context, context.server.name, operation, queue),
        )
        for operation in wanted
    ]


def _also(context: PageContext, server: str, operation: Operation, queue: str | None) -> str:
    """Return the note that an operation needs a second person; empty if it does not."""
    needed = permissions.second_person(context.viewer, operation, server, queue) is not None
    return t("needs a second person", context.locale) if needed else ""


def _why_not(context: PageContext, server: str, operation: Operation, queue: str | None) -> str:
    decision = permissions.decided(context.viewer, operation, server, queue)
    if decision.outcome is not Outcome.DENY:
        return ""
    return permissions.why(context.viewer, decision, context.locale)
