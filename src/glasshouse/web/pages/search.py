"""``/{server}/search``: jobs of every list at once, and how much of the server was searched."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from glasshouse.model import addresses
from glasshouse.model.errors import InvalidError
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.listing import ListPosition
from glasshouse.model.search_result import Coverage, SearchResult, UnsearchedList
from glasshouse.web.presentation import rows, views
from glasshouse.web.presentation.list_query import (
    Address,
    address_of,
    read_place,
    wanted,
    write_place,
)
from glasshouse.web.presentation.paging import hidden
from glasshouse.web.request.context import NEVER, PageContext, PageResult, paging, server_of
from glasshouse.web.shapes import jobs
from glasshouse.web.shapes.responses import SearchListing, Shape, UnsearchedShape, known
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t
from glasshouse.wire.matching import moment

_BITS = 20
_BEYOND = float(1 << (63 - _BITS))
_NAMED = 10
"""The most lists that a page names of those that were not searched in full."""
_NOTHING = SearchResult(
    items=(), following=None, looked_at=0, stopped=False, coverage=Coverage(0, 0, None)
)


async def search(context: PageContext) -> PageResult:
    """``/{server}/search``: all matches, whatever list they are in, latest first."""
    server = server_of(context)
    address = address_of(context, f"/{server.name}/search")
    coverage, fault, matches = server.coverage(), None, None
    try:
        matches = await _found(context, rows.PER_PAGE) if coverage is not None else None
    except InvalidError as error:
        fault = error
    result = matches or _NOTHING
    covers = coverage if matches is None else matches.coverage
    beyond = () if covers is None else covers.beyond
    view = views.SearchView(
        known=server.snapshot.state is not None,
        offered=coverage is not None,
        asked=matches is not None,
        find=_find(context, address, matches, fault),
        coverage="" if coverage is None else covered(coverage, context.locale),
        filling=covers is not None and not (covers.age is not None and covers.sets_whole),
        unsearched=tuple(_unsearched(one, context, server.name) for one in beyond[:_NAMED]),
        more_unsearched=_more(beyond[_NAMED:], context.locale),
        rows=_rows(result.items, context, server.name),
        pager=_pager(context, address, result),
    )
    return PageResult(
        template="search.html",
        view=view,
        title=t("Search", context.locale),
        generation_bound=False,
        status=200 if fault is None else 400,
        read_at=None if matches is None else _read_at(matches.coverage, context.now),
    )


def _read_at(coverage: Coverage, now: float) -> float:
    return NEVER if coverage.age is None else now - coverage.age


async def search_listing(context: PageContext) -> Shape:
    """Find jobs in all lists of a server, the latest first, and tell how much was looked at."""
    _, per_page = paging(context)
    result = await _found(context, per_page)
    if result is None:
        raise InvalidError(
            "Nothing to search for.", remedy="Put the search in q, for example q=type:SendEmail."
        )
    coverage = result.coverage
    return SearchListing(
        items=[jobs.flattened(job, whole=False) for job in result.items],
        per_page=per_page,
        next=UNSET if result.following is None else write_place(_place(result.following)),
        looked_at=result.looked_at,
        complete=not result.stopped and coverage.whole,
        indexed=coverage.indexed,
        of=coverage.total,
        unsearched=[
            UnsearchedShape(queue=one.queue or UNSET, jobs=one.entries) for one in coverage.beyond
        ],
        age=known(coverage.age),
    )


def covered(coverage: Coverage, locale: str) -> str:
    """Return in words how much of a server is indexed, and the index's age."""
    text = t(
        "{n} of {total} indexed",
        locale,
        n=fmt.number(coverage.indexed, locale),
        total=fmt.number(coverage.total, locale),
    )
    if coverage.age is None:
        return t("{told}; indexing the rest.", locale, told=text)
    age = fmt.duration(max(1.0, coverage.age), locale)
    return t("{told}, {age} old.", locale, told=text, age=age)


async def _found(context: PageContext, per_page: int) -> SearchResult | None:
    """Return the search results; ``None`` without search words.

    Raises:
        InvalidError: the words cannot be understood.
        NotFoundError: the server cannot be searched.
    """
    sought = wanted(context.query, context.now)
    if sought is None:
        return None
    start = context.query.get("from")
    number = None if start is None else _number(read_place(start))
    return await server_of(context).search(sought, start=number, per_page=per_page)


def _number(place: ListPosition) -> int:
    """Return the entry number in a place.

    Raises:
        InvalidError: no entry can have it.
    """
    if not (0 <= place.score < _BEYOND and (place.number or 0) < 1 << _BITS):
        raise InvalidError(
            "The parameter 'from' is not a position in a search.",
            remedy="Use the links in the search results; they contain positions.",
        )
    return (int(place.score) << _BITS) + (place.number or 0)


def _place(number: int) -> ListPosition:
    # In two parts: the whole is more than a floating-point number can represent.
    return ListPosition(float(number >> _BITS), number & ((1 << _BITS) - 1))


def _find(
    context: PageContext, address: Address, result: SearchResult | None, fault: InvalidError | None
) -> views.FindView:
    locale = context.locale
    going_on = result is not None and result.stopped and result.following is not None
    more = (
        address.at(_place(result.following), 2) if going_on and result and result.following else ""
    )
    return views.FindView(
        action=address.path,
        hidden=hidden(address, without="q"),
        text=fmt.display_text(context.query.get("q", "")),
        fault="" if fault is None else fmt.display_text(t(fault.detail, locale)),
        remedy="" if fault is None else t(fault.remedy, locale),
        outcome="" if result is None else _outcome(context, result),
        more_href=more,
        all_href="",
        past_end=result is not None
        and "from" in context.query
        and not result.items
        and not result.stopped,
        first_href=address.to(),
    )


def _outcome(context: PageContext, result: SearchResult) -> str:
    return f"{_count(context, result)} {covered(result.coverage, context.locale)}"


def _count(context: PageContext, result: SearchResult) -> str:
    locale = context.locale
    n = fmt.number(len(result.items), locale)
    if result.stopped:
        looked = fmt.number(result.looked_at, locale)
        return t("{n} found so far; {looked} possible matches checked.", locale, n=n, looked=looked)
    if result.following is not None:
        return t("The latest {n} from here; more follow.", locale, n=n)
    if "from" in context.query:
        return t("{n} found here; no more follow.", locale, n=n)
    return t("{n} found.", locale, n=n)


def _pager(context: PageContext, address: Address, result: SearchResult) -> views.Pager:
    page, begun = paging(context)[0], "from" in context.query
    following = None if result.stopped else result.following
    first = address.to()
    return views.Pager(
        label="",
        page=page,
        pages=1 + (begun or following is not None),
        past_end=False,
        first=first if begun else None,
        previous=None,
        next=None if following is None else address.at(_place(following), page + 1),
        last=None,
        last_href=first,
    )


def _unsearched(one: UnsearchedList, context: PageContext, server: str) -> views.UnsearchedList:
    page = addresses.queue_href(server, one.queue) if one.queue else f"/{server}/busy"
    words = context.query.get("q", "")
    query = f"{'&' if '?' in page else '?'}q={fmt.segment(words)}" if words else ""
    return views.UnsearchedList(
        label=fmt.display_text(one.queue) or t("Running jobs", context.locale),
        jobs=t("{n} jobs", context.locale, n=fmt.number(one.entries, context.locale)),
        href=page + query,
    )


def _more(others: tuple[UnsearchedList, ...], locale: str) -> str:
    if not others:
        return ""
    jobs = fmt.number(sum(one.entries for one in others), locale)
    return t("and {n} more, with {jobs} jobs", locale, n=fmt.number(len(others), locale), jobs=jobs)


def _rows(
    jobs: Sequence[StoredJob], context: PageContext, server: str
) -> tuple[views.FoundRow, ...]:
    now, locale = context.now, context.locale
    shown = rows.distinct(rows.job_row(job, None, server, now, locale) for job in jobs)
    return tuple(_row(job, row, context, server) for job, row in zip(jobs, shown, strict=True))


def _row(job: StoredJob, row: views.JobRow, context: PageContext, server: str) -> views.FoundRow:
    at = moment(job)
    return views.FoundRow(
        job=row,
        state=job.state.value,
        state_label=t(f"state {job.state.value}", context.locale),
        list_href=_list_href(job, server),
        when=None if at is None else fmt.moment(at, context.now, context.locale),
    )


def _list_href(job: StoredJob, server: str) -> str:
    if job.state is JobState.ENQUEUED:
        return addresses.queue_href(server, job.queue)
    page = "busy" if job.state is JobState.WORKING else job.state.value
    return f"/{server}/{page}"
