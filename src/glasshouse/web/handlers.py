"""The pages and forms about people, by the names of their routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from glasshouse.control.control import Control
from glasshouse.model.errors import NotFoundError
from glasshouse.web.audit.audit import Audit
from glasshouse.web.auth.account import Account
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.oidc_sign_in import OidcSignIn
from glasshouse.web.auth.passkeys import Passkeys
from glasshouse.web.auth.sign_in import SignIn
from glasshouse.web.auth.step_up import StepUp
from glasshouse.web.operations.operations import Operations
from glasshouse.web.pages.reveal import Reveal
from glasshouse.web.request.change import Changer
from glasshouse.web.request.context import PageBuilder
from glasshouse.web.request.rules import PublicSite

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PeoplePages:
    """What can be shown and what can be submitted."""

    pages: Mapping[str, PageBuilder]
    changes: Mapping[str, Changer]
    visits: Mapping[str, Changer]
    people: People | None = None

    @property
    def site(self) -> PublicSite:
        """Where people reach the console."""
        return PublicSite() if self.people is None else self.people.access.site

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the settings give to the console's host."""
        return () if self.people is None else self.people.access.names

    def page(self, name: str) -> PageBuilder:
        """Return the page of a route.

        Raises:
            NotFoundError: no one can sign in here.
        """
        return _of(self.pages, name)

    def visit(self, name: str) -> Changer:
        """Return the handler of visits that begin or end a sign-in elsewhere; raises as above."""
        return _of(self.visits, name)

    def change(self, name: str) -> Changer:
        """Return the handler of what is sent to a route; raises as above."""
        return _of(self.changes, name)


def people_pages(people: People | None, control: Control | None = None) -> PeoplePages:
    """Return the pages about ``people`` and what they do; none where no one can sign in."""
    if people is None:
        return PeoplePages(pages={}, changes={}, visits={})
    keys = Passkeys(people)
    sign_in, step_up, account = SignIn(people), StepUp(people, keys), Account(people, keys)
    elsewhere, audit = OidcSignIn(people, sign_in), Audit(people)
    reveal = Reveal(people)
    pages, changes, visits = _operation_pages(people, control)
    return PeoplePages(
        pages=pages
        | {
            "sign_in": sign_in.page,
            "step_up": step_up.page,
            "account": account.page,
            "audit": audit.page,
        },
        changes=changes
        | {
            "sign_in": sign_in.sign_in,
            "sign_out": sign_in.sign_out,
            "step_up": step_up.show,
            "step_up_key": step_up.key,
            "step_up_token": step_up.token,
            "account": account.change,
            "account_key": account.key,
            "reveal": reveal.page,
            "reveal_answer": reveal.answer,
        },
        visits=visits
        | {
            "sign_in_elsewhere": elsewhere.begin,
            "signed_in_elsewhere": elsewhere.back,
            "audit_listing": audit.listing,
            "audit_export": audit.export,
        },
        people=people,
    )


def _operation_pages(
    people: People, control: Control | None
) -> tuple[dict[str, PageBuilder], dict[str, Changer], dict[str, Changer]]:
    if control is None:
        return {}, {}, {}
    operations = Operations(people, control)
    return (
        {"operation": operations.page, "trash": operations.trash},
        {
            "preview_operation": operations.api_preview,
            "operations": operations.api_perform,
            "operate": operations.operate,
            "operation": operations.change,
            "operation_status": operations.api_stop,
        },
        {"operation_status": operations.api_status, "trash_listing": operations.api_trash},
    )


def _of(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise NotFoundError(
            "Nobody can sign in here: this console is read-only.",
            remedy="Serve it with a settings file: glasshouse serve -c glasshouse.toml.",
        )
    return table[name]
