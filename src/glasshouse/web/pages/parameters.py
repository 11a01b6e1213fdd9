"""``/{server}/parameters``: the run-time parameters of an embedded server."""

from __future__ import annotations

from glasshouse.model.errors import InvalidError
from glasshouse.model.parameters import Parameter, Parameters, changed
from glasshouse.web.operations.buttons import flush_bar, parameters_bar
from glasshouse.web.operations.parsing import PARAMETER, number_in
from glasshouse.web.presentation import views
from glasshouse.web.request.context import PageContext, PageResult, server_of
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t


async def parameters(context: PageContext) -> PageResult:
    """``/{server}/parameters``: each with its value, its default and its bounds."""
    parameters_read = await server_of(context).parameters()
    view = views.ParametersView(
        rows=None
        if parameters_read is None
        else tuple(_row(item, context) for item in parameters_read),
        bar=parameters_bar(context),
        flush=flush_bar(context),
    )
    return PageResult(template="parameters.html", view=view, title=t("Parameters", context.locale))


def _row(item: Parameter, context: PageContext) -> views.ParameterRow:
    locale, slip = context.locale, context.slip
    given = "" if slip is None else slip.one(PARAMETER + item.name)

    def said(value: float) -> str:
        if item.bound.unit == "s":
            return fmt.exactly(value, locale)
        return fmt.number(int(value), locale)

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
        given=given,
        wrong=bool(given.strip()) and _is_wrong(item.name, given),
    )


def _is_wrong(name: str, given: str) -> bool:
    try:
        changed(Parameters(), {name: number_in(given)})
    except InvalidError:
        return True
    return False
