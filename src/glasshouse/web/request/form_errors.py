"""A form error: the form's page states what is wrong and keeps everything that was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from glasshouse.model.errors import GlasshouseError
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t


class FormError(msgspec.Struct, kw_only=True):
    """A form as it was sent, and why it could not be accepted; nothing was done.

    ``told`` means that a form on the page being laid out already reports it.
    """

    fields: Mapping[str, tuple[str, ...]]
    error: GlasshouseError
    told: bool = False

    def one(self, name: str) -> str:
        """Return the value of a field, the first if there are several; empty without one."""
        return next(iter(self.fields.get(name, ())), "")

    def every(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return self.fields.get(name, ())

    @property
    def operation(self) -> str:
        """The operation that the form requested."""
        return self.one("operation")


def slip_of(fields: Mapping[str, Sequence[str]], error: GlasshouseError) -> FormError:
    """Return the error of a form that had these fields."""
    return FormError(fields={name: tuple(values) for name, values in fields.items()}, error=error)


def untold(slip: FormError | None, locale: str) -> str:
    """Return what is wrong with a form that is no longer on the page; empty if nothing is."""
    if slip is None or slip.told:
        return ""
    return fmt.display_text(f"{t(slip.error.detail, locale)} {t(slip.error.remedy, locale)}")
