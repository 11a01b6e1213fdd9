"""What a person should check first, in plain words and in order of severity.

Only what is shown is put into words: a server may have thousands of queues.
"""

from __future__ import annotations

from glasshouse.health.findings import PROBLEM, Finding, findings
from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.monitor.summary import Summary
from glasshouse.monitor.view import ServerView
from glasshouse.web.presentation.views import Attention
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

_MOST = 8
_NAME = 60
_REASON = 240


def attention(
    server: str, snapshot: Snapshot, summary: Summary | None, now: float, locale: str
) -> tuple[Attention, ...]:
    """Return at most eight findings, most severe first; empty when all is well."""
    all_findings = findings(server, snapshot, summary, now)
    shown = all_findings if len(all_findings) <= _MOST else all_findings[: _MOST - 1]
    sentences = tuple(told(finding, locale) for finding in shown)
    rest = all_findings[len(shown) :]
    if not rest:
        return sentences
    more = t("and {n} more", locale, n=fmt.number(len(rest), locale))
    queues = any("/queues" in finding.href for finding in rest)
    href = f"/{server}/queues?sort=latency" if queues else rest[0].href
    return (*sentences, Attention(text=more, href=href, tone="warn"))


def told(finding: Finding, locale: str) -> Attention:
    """Return a finding in words."""
    values = {
        name: _value(value, _REASON if name == "reason" else _NAME, locale)
        for name, value in finding.values.items()
    }
    return Attention(
        text=t(finding.kind.text, locale, **values),
        href=finding.href,
        tone="bad" if finding.kind.weight >= PROBLEM else "warn",
    )


def _value(value: float | str, most: int, locale: str) -> str:
    if isinstance(value, int):
        return fmt.number(value, locale)
    if isinstance(value, float):
        return fmt.duration(value, locale)
    # A reason is a sentence to translate; a name is a name, whatever it contains.
    return fmt.cut(fmt.display_text(t(value, locale) if most == _REASON else value), most)


async def summary_of(server: ServerView) -> Summary | None:
    """Return the first entries of each list; ``None`` when nothing is known about them."""
    if server.snapshot.state is None:
        return None
    try:
        return await server.summary()
    except UpstreamUnavailableError:
        # The banner reports that the server is unavailable; the rest of the page is still useful.
        return None
