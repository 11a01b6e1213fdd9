"""What a viewer may do and see, and why not more: one table for the screen and for programs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glasshouse.model.access import Decision, Outcome
from glasshouse.model.messages import message
from glasshouse.model.operation import Operation, Target
from glasshouse.policy import reasons
from glasshouse.web.presentation.views.people import PermissionRow, PermissionTable
from glasshouse.web.request.context import PageContext
from glasshouse.web.request.requester import requester_of
from glasshouse.web.request.viewer import Viewer
from glasshouse.web.text.i18n import t

MEANINGS: Mapping[Operation, str] = {
    Operation.QUEUE_PAUSE: "pause a queue",
    Operation.QUEUE_RESUME: "resume a queue",
    Operation.QUEUE_DELETE_JOBS: "delete jobs of a queue",
    Operation.QUEUE_CLEAR: "clear a queue",
    Operation.JOB_RETRY: "retry jobs",
    Operation.JOB_KILL: "kill jobs",
    Operation.JOB_DELETE: "delete jobs",
    Operation.SET_CLEAR: "clear a set",
    Operation.JOB_PUSH: "push a job",
    Operation.WORKER_QUIET: "quiet workers",
    Operation.WORKER_TERMINATE: "terminate workers",
    Operation.TRASH_RESTORE: "restore from the trash",
    Operation.SERVER_CONFIGURE: "change parameters",
    Operation.SERVER_FLUSH: "flush everything",
}
DANGER = frozenset({
    Operation.QUEUE_DELETE_JOBS, Operation.QUEUE_CLEAR, Operation.JOB_DELETE, Operation.JOB_KILL,
    Operation.SET_CLEAR, Operation.WORKER_TERMINATE, Operation.SERVER_FLUSH,
})  # fmt: skip
"""Operations that remove something; their buttons show it."""
ANSWERS = {
    Outcome.ALLOW: ("good", "allowed"),
    Outcome.DENY: ("off", "not allowed"),
    Outcome.NEEDS_FACTOR: ("warn", "needs a second factor"),
    Outcome.NEEDS_SECOND_PERSON: ("warn", "needs a second person"),
}


def best(viewer: Viewer, operation: Operation, server: str) -> Decision:
    """Return the decision about an operation where it is most likely to be allowed."""
    return requester_of(viewer, server).best(operation, server)


def decided(
    viewer: Viewer, operation: Operation, server: str, queue: str | None = None
) -> Decision:
    """Return the decision about a queue, or without one where it is most likely to be allowed."""
    if queue is None:
        return best(viewer, operation, server)
    return viewer.may(operation, Target(server=server, queue=queue))


def second_person(
    viewer: Viewer, operation: Operation, server: str, queue: str | None = None
) -> Decision | None:
    """Return the decision that a second person is needed after the factor was shown, if one is."""
    proven = msgspec.structs.replace(viewer.context, factor_age=0.0)
    shown = msgspec.structs.replace(viewer, context=proven)
    decision = decided(shown, operation, server, queue)
    return decision if decision.outcome is Outcome.NEEDS_SECOND_PERSON else None


def why(viewer: Viewer, decision: Decision, locale: str) -> str:
    """Return the sentence that explains a decision."""
    sentence = reasons.sentence(decision, signed_in=viewer.signed_in)
    return t(sentence, locale, **reasons.facts(decision))


def tables(context: PageContext) -> tuple[PermissionTable, ...]:
    """Return what may be done on each server that may be seen."""
    viewer, locale = context.viewer, context.locale
    return tuple(
        PermissionTable(
            server=name,
            rows=tuple(_row(viewer, operation, name, locale) for operation in Operation),
            sees=_sees(viewer, name, locale),
        )
        for name in context.monitor.names
    )


def _row(viewer: Viewer, operation: Operation, server: str, locale: str) -> PermissionRow:
    decision = best(viewer, operation, server)
    decisions = [decision]
    if decision.outcome is Outcome.NEEDS_FACTOR:
        # A viewer should know before showing the factor if it will not be enough.
        also = second_person(viewer, operation, server)
        decisions += [] if also is None else [also]
    tone, answer = ANSWERS[decisions[-1].outcome]
    return PermissionRow(
        operation=operation.value,
        meaning=t(MEANINGS[operation], locale),
        tone=tone,
        answer=t(answer, locale),
        why=" ".join(why(viewer, one, locale) for one in decisions),
    )


def _sees(viewer: Viewer, server: str, locale: str) -> tuple[str, ...]:
    visibility = viewer.sees(server)
    sentences = [
        t("every queue", locale)
        if visibility.everything
        else t("queues {names}", locale, names=", ".join(visibility.queues))
    ]
    for seen, words in (
        (visibility.audit, message("the audit log")),
        (visibility.trash, message("the trash")),
        (visibility.payload, message("hidden values, with a reason")),
    ):
        sentences += [t(words, locale)] if seen else []
    if visibility.hidden:
        sentences.append(
            t("but not the values at {n} hidden paths", locale, n=len(visibility.hidden))
        )
    return tuple(sentences)
