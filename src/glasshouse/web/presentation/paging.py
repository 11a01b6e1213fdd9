"""The steps from one part of a list to the others.

If a server knows places, the steps name them: the next page begins where the one on the screen
ended, whatever has moved meanwhile.
"""

from __future__ import annotations

from glasshouse.model.finished import Executions, FinishedPage
from glasshouse.model.listing import Entries, JobPage
from glasshouse.web.presentation import views
from glasshouse.web.presentation.list_query import Address
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t


def list_pager(page: JobPage, address: Address, now: float, locale: str) -> views.Pager:
    """Return the position of ``page`` in a job list, where its steps lead, and if it is late."""
    first_href = address.to()
    begun = page.page > 1 or (page.first or 1) > 1
    past_end = page.searched is None and not page.items and begun and page.total > 0
    return views.Pager(
        label=_label(page, locale),
        page=page.page,
        pages=page.pages if page.searched is None else 1 + (begun or page.next is not None),
        past_end=past_end,
        first=first_href if begun else None,
        previous=_previous(page, address) if begun and not past_end else None,
        next=_next(page, address),
        last=_last(page, address),
        last_href=address.to(page=_page(page.pages)),
        go=_go(address) if page.searched is None and page.pages > 1 else None,
        late=late(page, now, locale),
    )


def late(
    page: JobPage | Entries | FinishedPage | Executions | None, now: float, locale: str
) -> views.Staleness | None:
    """Return when a page that is not as new as it could be was read, and why it is not newer."""
    if page is None or page.late is None:
        return None
    why = fmt.display_text(t(page.late, locale)) or t("An update is queued.", locale)
    return views.Staleness(read=fmt.moment(page.read_at, now, locale), why=why)


def _label(page: JobPage, locale: str) -> str:
    if page.first is None or not page.items:
        return ""
    return t(
        "{first}–{last} of {total}",
        locale,
        first=fmt.number(page.first, locale),
        last=fmt.number(page.first + len(page.items) - 1, locale),
        total=fmt.number(page.total, locale),
    )


def _previous(page: JobPage, address: Address) -> str | None:
    if page.searched is not None:
        return None
    if page.first is not None and page.first <= page.per_page + 1:
        return address.to()
    if page.previous is not None:
        return address.at(page.previous, page.page - 1)
    return address.to(page=_page(page.page - 1))


def _next(page: JobPage, address: Address) -> str | None:
    if page.next is not None:
        return address.at(page.next, page.page + 1)
    return address.to(page=_page(page.page + 1)) if _more(page) else None


def _last(page: JobPage, address: Address) -> str | None:
    return address.to(page=_page(page.pages)) if _more(page) else None


def _more(page: JobPage) -> bool:
    """Return whether entries are known to come after the page."""
    if page.first is None or not page.items:
        return False
    return page.first + len(page.items) <= page.total


def _page(number: int) -> str:
    return str(number) if number > 1 else ""


def _go(address: Address) -> views.JumpForm:
    return views.JumpForm(action=address.path, hidden=hidden(address))


def hidden(address: Address, *, without: str = "") -> tuple[views.HiddenField, ...]:
    """Return what a form of a list carries along, except for one name."""
    return tuple(
        views.HiddenField(name=name, value=value) for name, value in address.kept if name != without
    )
