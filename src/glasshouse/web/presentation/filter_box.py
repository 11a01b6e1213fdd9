"""The filter box of a list: its words, and the outcome of the search."""

from __future__ import annotations

from glasshouse.model.errors import InvalidError
from glasshouse.model.listing import JobPage, Searched
from glasshouse.web.presentation import views
from glasshouse.web.presentation.list_query import Address
from glasshouse.web.presentation.paging import hidden
from glasshouse.web.request.context import PageContext
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t


def find_view(
    context: PageContext, address: Address, page: JobPage, fault: InvalidError | None
) -> views.FindView:
    """Return the filter box of the list at ``address``; ``page`` is what was read of it."""
    locale = context.locale
    stopped = page.searched is not None and not page.searched.complete
    begun = "from" in context.query or "at" in context.query
    going_on = page.next is not None and len(page.items) < page.per_page
    return views.FindView(
        action=address.path,
        hidden=hidden(address, without="q"),
        text=fmt.display_text(context.query.get("q", "")),
        fault="" if fault is None else fmt.display_text(t(fault.detail, locale)),
        remedy="" if fault is None else t(fault.remedy, locale),
        outcome="" if page.searched is None else _outcome(page, page.searched, context),
        more_href=address.at(page.next, page.page + 1)
        if stopped and going_on and page.next is not None
        else "",
        all_href=address.to(q=""),
        past_end=page.searched is not None and begun and not stopped and not page.items,
        first_href=address.to(),
    )


def _outcome(page: JobPage, searched: Searched, context: PageContext) -> str:
    locale = context.locale
    numbers = (len(page.items), searched.looked_at, page.total)
    found, looked, total = (fmt.number(number, locale) for number in numbers)
    begun = "from" in context.query or "at" in context.query
    if searched.complete and not begun:
        return t("{n} found; all {total} were searched.", locale, n=found, total=total)
    if searched.complete:
        return t("{n} found here; this is the end of the list.", locale, n=found)
    if len(page.items) == page.per_page:
        return t("The first {n} from here; more follow.", locale, n=found)
    return t(
        "{n} found so far; {looked} of {total} were searched in the time available.",
        locale,
        n=found,
        looked=looked,
        total=total,
    )
