"""The shapes in which the JSON API tells of operations, and its description of them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from glasshouse.model.request import OperationRequest
from glasshouse.web.shapes.responses import Shape


class PreviewShape(Shape, frozen=True, kw_only=True):
    """What an order would do. What concerns jobs is absent where it concerns none.

    ``decision`` is ``allow``, ``deny``, ``needs_factor`` or ``needs_second_person``, ``why``
    its rule. ``lost`` is how many jobs the trash would not keep. ``oldest`` and ``newest``
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
    """What came of an order; without ``outcome`` it goes on.

    ``record`` is the number of its intent in the ledger. ``moved`` are ids of some jobs that
    were not where the preview had them and were left alone.
    """

    record: int
    operation: str
    outcome: str | UnsetType = UNSET
    jobs: int | UnsetType = UNSET
    of: int | UnsetType = UNSET
    moved: list[str] | UnsetType = UNSET
    detail: str | UnsetType = UNSET


class OperationShape(Shape, frozen=True, kw_only=True):
    """An operation as far as it has come; times are Unix seconds.

    ``stopped_by`` is who asked it to stop, which takes effect before its next step.
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
    """The newest heaps of the trash, the newest first."""

    items: list[HeapShape]


class RevealShape(Shape, frozen=True, kw_only=True):
    """Says why hidden values must be seen."""

    reason: str


class RevealedShape(Shape, frozen=True, kw_only=True):
    """Every entry of a job with nothing hidden."""

    items: list[dict[str, Any]]
    total: int


class StopShape(Shape, frozen=True, kw_only=True):
    """Asks a running operation to stop before its next step."""

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
"""By route: what is sent there does, the shape of the body, and of the answers by status."""
READ: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "operation_status": ("Tell how far an operation is, and what came of it.", OperationShape),
    "trash_listing": ("List what was deleted and can be put back.", TrashShape),
}
"""By route: what is read there, and its shape."""
