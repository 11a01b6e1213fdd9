"""The shapes in which the JSON API reports operations, and its description of them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from glasshouse.model.request import OperationRequest
from glasshouse.web.shapes.responses import Shape


class PreviewShape(Shape, frozen=True, kw_only=True):
    """What an operation request would do. What concerns jobs is absent where it concerns none.

    ``decision`` is ``allow``, ``deny``, ``needs_factor`` or ``needs_second_person``, ``why`` its
    rule. ``lost`` is the number of jobs that the trash would not keep. ``oldest`` and ``newest``
    are Unix seconds.
    """

    preview: str
    operation: str
    decision: str
    why: str
    reason_needed: bool
    undo: bool
    count: int | UnsetType = UNSET
    lost: int | UnsetType = UNSET
    queues: dict[str, int] | UnsetType = UNSET
    types: dict[str, int] | UnsetType = UNSET
    errors: dict[str, int] | UnsetType = UNSET
    samples: list[dict[str, Any]] | UnsetType = UNSET
    oldest: float | UnsetType = UNSET
    newest: float | UnsetType = UNSET


class OutcomeShape(Shape, frozen=True, kw_only=True):
    """What became of an operation request; without ``outcome`` it is still running.

    ``record`` is the number of its intent in the ledger. ``moved`` are the ids of some jobs that
    were no longer where the preview found them and were left alone.
    """

    record: int
    operation: str
    outcome: str | UnsetType = UNSET
    jobs: int | UnsetType = UNSET
    of: int | UnsetType = UNSET
    moved: list[str] | UnsetType = UNSET
    detail: str | UnsetType = UNSET


class OperationShape(Shape, frozen=True, kw_only=True):
    """An operation and its progress; times are Unix seconds.

    ``stopped_by`` is who requested that it stop, which takes effect before its next step.
    """

    id: str
    record: int
    server: str
    operation: str
    actor: str
    state: str
    started_at: float
    total: int
    done: int
    moved: int
    examples: list[str]
    outcome: str | UnsetType = UNSET
    ended_at: float | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    stopped_by: str | UnsetType = UNSET


class HeapShape(Shape, frozen=True, kw_only=True):
    """What one operation deleted; ``record`` is what ``trash.restore`` names."""

    record: int
    operation: str
    id: str
    actor: str
    at: float
    expires_at: float
    jobs: int
    restored: int
    queue: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class TrashShape(Shape, frozen=True, kw_only=True):
    """The newest batches of the trash, newest first."""

    items: list[HeapShape]


class RevealShape(Shape, frozen=True, kw_only=True):
    """States why hidden values must be seen."""

    reason: str


class RevealedShape(Shape, frozen=True, kw_only=True):
    """Every entry of a job with nothing hidden."""

    items: list[dict[str, Any]]
    total: int


class StopShape(Shape, frozen=True, kw_only=True):
    """Requests that a running operation stop before its next step."""

    stop: bool


SHAPES: tuple[type[msgspec.Struct], ...] = (
    OperationRequest, PreviewShape, OutcomeShape, OperationShape, TrashShape, StopShape,
    RevealShape, RevealedShape,
)  # fmt: skip
SENT: dict[str, tuple[str, type[msgspec.Struct], dict[int, type[msgspec.Struct]]]] = {
    "preview_operation": (
        "Say what an operation would do, and freeze its jobs.",
        OperationRequest,
        {200: PreviewShape},
    ),
    "operations": (
        "Do an operation: 200 with what came of it, 202 when it goes on.",
        OperationRequest,
        {200: OutcomeShape, 202: OutcomeShape},
    ),
    "reveal_answer": (
        "Give a job with its hidden values, which is recorded.",
        RevealShape,
        {200: RevealedShape},
    ),
    "operation_status": (
        "Ask a running operation to stop: for who may do what it does; it is recorded.",
        StopShape,
        {200: OperationShape},
    ),
}
"""By route: what sending to it does, the shape of the body, and the answers' shapes by status."""
READ: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "operation_status": ("Tell how far an operation is, and what came of it.", OperationShape),
    "trash_listing": ("List what was deleted and can be put back.", TrashShape),
}
"""By route: what is read there and its shape."""
