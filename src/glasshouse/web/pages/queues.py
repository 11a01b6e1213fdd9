"""The queues of a server: sorted, filtered by name, a hundred per page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from glasshouse.model.errors import InvalidError
from glasshouse.model.server import Queue
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.web.operations.buttons import row_bar
from glasshouse.web.presentation import rows, views
from glasshouse.web.presentation.list_query import REVERSE, Address, address_of
from glasshouse.web.presentation.paging import hidden
from glasshouse.web.presentation.slices import sliced
from glasshouse.web.request.context import PageContext, PageResult, paging, result, server_of
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t
from glasshouse.wire.globs import glob

PER_PAGE = 100
NAME = "name"

COLUMNS = (
    ("name", "Queue", "Sort by name"),
    ("size", "Size", "Sort by size"),
    ("growth", "Growth", "Sort by growth"),
    ("latency", "Oldest job", "Sort by oldest job"),
)
"""What queues can be sorted by: the word in the address, the column heading, its title.

Names ascend, numbers descend; ``order=reverse`` reverses that.
"""


class _Asked(NamedTuple):
    sort: str
    backwards: bool
    wanted: str


async def queues(context: PageContext) -> PageResult:
    """``/{server}/queues``: every queue, or those whose name matches."""
    server = server_of(context)
    snapshot, locale = server.snapshot, context.locale
    known = () if snapshot.state is None else snapshot.state.queues
    given = context.query
    order = _asked(given)
    matches = _matching(order.wanted)
    matching = [queue for queue in known if matches(queue.name)]
    part = sliced(_sorted(matching, order, snapshot, context.now), paging(context)[0], PER_PAGE)
    address = address_of(context, f"/{server.name}/queues")
    view = views.QueuesView(
        known=snapshot.state is not None,
        any_queue=bool(known),
        totals=queue_totals(known, locale),
        action=address.path,
        hidden=hidden(address, without="q"),
        text=fmt.display_text(given.get("q", "")),
        outcome=_outcome(order.wanted, len(matching), len(known), locale),
        all_href=address.to(q=""),
        columns=_columns(order, address, locale),
        queues=rows.queue_rows(
            part.items, snapshot, server.name, context.now, locale, partial(row_bar, context)
        ),
        pager=rows.pager(part, address.to(), locale),
    )
    # Growth changes with time although nothing else does.
    return result(context, "queues", view, "Queues", generation_bound=False)


def _asked(given: Mapping[str, str]) -> _Asked:
    sort = given.get("sort", NAME)
    names = [name for name, _, _ in COLUMNS]
    if sort not in names:
        raise InvalidError(
            f"Queues cannot be sorted by {sort!r}.", remedy=f"Use one of {', '.join(names)}."
        )
    return _Asked(sort, given.get("order") == REVERSE, given.get("q", "").strip())


def _matching(wanted: str) -> Callable[[str], bool]:
    """Return a test for names: text with ``*`` is a glob, other text matches any part of a name."""
    if not wanted:
        return lambda _: True
    lowered = wanted.lower()
    if "*" not in wanted:
        return lambda name: lowered in name.lower()
    match = glob(lowered)
    return lambda name: match(name.lower().encode(errors="replace")) is not None


def _sorted(queues: list[Queue], order: _Asked, snapshot: Snapshot, now: float) -> Sequence[Queue]:
    """Return queues in the requested order; unknown values come last."""
    queues = sorted(queues, key=lambda queue: queue.name)
    if order.sort == NAME:
        return queues[::-1] if order.backwards else queues
    seen = snapshot.seen(now)
    values: dict[str, Callable[[Queue], float | None]] = {
        "size": lambda queue: queue.size,
        "growth": snapshot.growth,
        "latency": lambda queue: queue.latency(seen),
    }
    value = values[order.sort]
    with_value = [(value(queue), queue) for queue in queues]
    ordered = [(number, queue) for number, queue in with_value if number is not None]
    ordered.sort(key=lambda item: item[0] if order.backwards else -item[0])
    return [
        *(queue for _, queue in ordered),
        *(queue for number, queue in with_value if number is None),
    ]


def _columns(order: _Asked, address: Address, locale: str) -> tuple[views.SortView, ...]:
    return tuple(
        views.SortView(
            name=name,
            label=t(label, locale),
            title=t("Reverse order", locale) if name == order.sort else t(title, locale),
            href=_turned(order, address)
            if name == order.sort
            else address.to(sort="" if name == NAME else name, order=""),
            sorted=_direction(order) if name == order.sort else "",
        )
        for name, label, title in COLUMNS
    )


def _turned(order: _Asked, address: Address) -> str:
    return address.to(order="" if order.backwards else REVERSE)


def _direction(order: _Asked) -> str:
    return "ascending" if (order.sort == NAME) != order.backwards else "descending"


def _outcome(wanted: str, count: int, known: int, locale: str) -> str:
    if not wanted:
        return ""
    return t(
        "{n} of {total} queues match.",
        locale,
        n=fmt.number(count, locale),
        total=fmt.number(known, locale),
    )


def queue_totals(known: Sequence[Queue], locale: str) -> str:
    """Return the totals of all queues in one line; what no server reports is left out."""
    size = sum(queue.size for queue in known)
    texts = [
        fmt.counted(len(known), "1 queue", "{n} queues", locale),
        fmt.counted(size, "1 job waiting", "{n} jobs waiting", locale),
    ]
    paused = [queue for queue in known if queue.paused]
    if paused:
        texts.append(
            t(
                "{n} paused, holding {count}",
                locale,
                n=fmt.number(len(paused), locale),
                count=fmt.number(sum(queue.size for queue in paused), locale),
            )
        )
    return " · ".join(texts)
