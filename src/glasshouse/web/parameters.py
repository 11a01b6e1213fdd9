"""``/{server}/parameters``: the run-time parameters of an embedded server."""

from __future__ import annotations

from glasshouse.model.parameters import Parameter
from glasshouse.web import format as fmt
from glasshouse.web import views
from glasshouse.web.acting import flush_bar, parameters_bar
from glasshouse.web.context import PageContext, PageResult, server_of
from glasshouse.web.i18n import t


async def parameters(context: PageContext) -> PageResult:
    """``/{server}/parameters``: each with its value, its default and its bounds."""
    found = await server_of(context).parameters()
    view = views.ParametersView(
        rows=None if found is None else tuple(_row(item, context.locale) for item in found),
        bar=parameters_bar(context),
        flush=flush_bar(context),
    )
    return PageResult(template="parameters.html", view=view, title=t("Parameters", context.locale))


def _row(item: Parameter, locale: str) -> views.ParameterRow:
    def said(value: float) -> str:
        if item.bound.unit == "s":
            return fmt.exactly(value, locale)
        return fmt.number(int(value))

    unit = item.bound.unit
    return views.ParameterRow(
        name=item.name,
        meaning=t(item.bound.meaning, locale),
        value=said(item.value),
        number=f"{item.value:.15g}",
        unit=unit,
        plain=f"{item.value:.15g} {unit}".strip(),
        changed=item.value != item.default,
        default=said(item.default),
        least=said(item.bound.least),
        most=said(item.bound.most),
    )
