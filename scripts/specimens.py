"""What the design system's page shows: each shared part in each of its states.

A specimen is a line of template and what it is given: the real macros, the real
view structs, the real words for numbers and times.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from glasshouse.web.presentation import views
from glasshouse.web.presentation.payload import Preview
from glasshouse.web.text import format as fmt

NOW = 1_795_694_400.0
"""2026-11-26 12:00:00 UTC: the page looks the same whenever it is built."""


class Specimen(NamedTuple):
    """One state of a part."""

    state: str
    source: str
    given: Any = None


class Part(NamedTuple):
    """One part, when to use it, and its states."""

    name: str
    about: str
    specimens: tuple[Specimen, ...]


def _panel(source: str, kind: str = "") -> str:
    return f'<section class="panel {kind}">{source}</section>'


def _at(seconds: float) -> fmt.Moment:
    return fmt.moment(NOW + seconds, NOW, "en")


def _tile(tone: str, label: str, value: str, *, note: str = "", href: str = "") -> views.Tile:
    return views.Tile(label=label, value=value, note=note, href=href, tone=tone)


def _queue(name: str, size: int, *, paused: bool = False, growth: str = "") -> views.QueueRow:
    return views.QueueRow(
        row=f"queue-{name}",
        name=name,
        href=f"#{name}",
        size=fmt.number(size, "en"),
        bar=size * 100 // 8900,
        oldest=_at(-size / 10) if size else None,
        latency="",
        growth=growth,
        share=f"{size * 100 // 4200} %",
        paused=paused,
        act=None,
    )


def _pager(page: int, pages: int, *, past: bool = False) -> views.Pager:
    def href(wanted: int) -> str | None:
        return f"#page-{wanted}" if 1 <= wanted <= pages and wanted != page else None

    label = f"{(page - 1) * 25 + 1:,}–{min(page * 25, 1010):,} of 1,010" if pages > 1 else "7 jobs"
    return views.Pager(
        label=label,
        page=page,
        pages=pages,
        past_end=past,
        first=href(1),
        previous=href(page - 1),
        next=href(page + 1),
        last=href(pages),
        last_href=f"#page-{pages}",
        go=views.JumpForm(action="#", hidden=()) if pages > 1 else None,
    )


def _find(text: str = "", fault: str = "", remedy: str = "", outcome: str = "") -> views.FindView:
    return views.FindView(
        action="#",
        hidden=(),
        text=text,
        fault=fault,
        remedy=remedy,
        outcome=outcome,
        more_href="",
        all_href="#all",
        past_end=False,
        first_href="#",
    )


def _verdict(tone: str, text: str, detail: str = "") -> Specimen:
    return Specimen(
        tone, "{{ p.verdict(given) }}", views.Verdict(tone=tone, text=text, detail=detail)
    )


def _failure(outcome: str) -> views.FailureRow:
    return views.FailureRow(
        row=f"failure-{outcome}",
        jid="4f2a9c1e7b",
        href="#job",
        jobtype="ChargeOrder",
        queue="payments",
        queue_href="#queue",
        errtype="Stripe::CardError",
        message="Your card was declined.",
        outcome=outcome,
        outcome_label=outcome,
        outcome_title="",
        at=_at(-95),
    )


def _fact(label: str, seconds: float, text: str = "") -> views.Fact:
    return views.Fact(label=label, text=text, href="", moment=_at(seconds))


_LINE = "0,96 100,80 200,88 300,40 400,52 500,30 600,34"
_CHART = views.Chart(
    processed=_LINE,
    area=f"0,118 {_LINE} 600,118",
    failed="0,116 200,112 300,96 400,110 600,114",
    top="400",
    middle="200",
    processed_now="285",
    failed_now="3.2",
    span="5 min",
    empty=False,
)
_ARGS = Preview(text='[{"order": 48213, "to": "someone@example.com"}]', size="47 B", cut=False)
_LONG = Preview(text='[{"rows": [1, 2, 3, 4, 5, 6, 7, 8…', size="9.5 MiB", cut=True)
_STORED = views.StoredText(
    name="0" * 24,
    part="args",
    text='[\n  {\n    "order": 48213,\n    "total": 12.50\n  }\n]',
    size="47 B",
    cut=False,
    href="#stored",
)
_RUN = views.RunRow(
    row="run-1",
    jid="4f2a9c1e7b",
    href="#job",
    jobtype="ImportRows",
    queue="imports",
    queue_href="#queue",
    args=_LONG,
    worker="",
    held="",
    reserved=_at(-1700),
    expires=_at(100),
    mark="near its end",
)
_BADGES = (
    ("plain", ""),
    ("good", "good"),
    ("warn", "warn"),
    ("bad", "bad"),
    ("enqueued", "enqueued"),
    ("scheduled", "scheduled"),
    ("running", "working"),
    ("retries", "retries"),
    ("dead", "dead"),
    ("done", "done"),
    ("retried", "retried"),
    ("buried", "buried"),
    ("dropped", "dropped"),
)
_FOUND = (
    views.Attention(text="reports is paused; 1,204 jobs wait in it.", href="#reports", tone="warn"),
    views.Attention(
        text="mailers has 4,200 jobs and no worker is connected.", href="#mailers", tone="bad"
    ),
)
_STATES = {"live": "Live · updated 0 s ago", "wait": "Connecting…", "fault": "Server unreachable",
           "offline": "Offline"}  # fmt: skip

PARTS: tuple[Part, ...] = (
    Part(
        "Badge",
        "A state in a word. The word carries the meaning, the colour helps.",
        (
            Specimen(
                "each state",
                "".join(f'<span class="badge {kind}">{word}</span> ' for word, kind in _BADGES),
            ),
        ),
    ),
    Part(
        "Live indicator",
        "How old what is shown is. Always in the page's head.",
        tuple(
            Specimen(
                state,
                f'<p class="live" data-state="{state}"><i aria-hidden="true"></i>'
                f"<span>{words}</span></p>",
            )
            for state, words in _STATES.items()
        ),
    ),
    Part(
        "Banner",
        "The server cannot be reached: since when, what is shown instead, what to do.",
        (
            Specimen(
                "stale",
                '<div class="banner">Server unreachable since 2026-11-26 11:58:02 UTC — '
                "showing the last known data from 2 min ago. Check that the job server is running "
                "and reachable; the page recovers by itself.</div>",
            ),
        ),
    ),
    Part(
        "Tile",
        "One total. A link where there is a list behind it.",
        (
            Specimen(
                "each tone",
                '<ul class="tiles">{% for t in given %}{{ p.tile(t) }}{% endfor %}</ul>',
                (
                    _tile("", "Processed", "1,204,113"),
                    _tile("good", "Busy", "16", href="#busy"),
                    _tile("warn", "Retries", "31", href="#retries"),
                    _tile("bad", "Dead", "7", href="#dead"),
                    _tile("plain", "Failed", "32", note="0.3 % of processed"),
                ),
            ),
        ),
    ),
    Part(
        "Panel",
        "What belongs together, under a heading. Never a panel in a panel.",
        (
            Specimen(
                "with content",
                '<section class="panel"><header><h2>Queues</h2><a class="more" href="#">'
                'All queues (12)</a></header><p class="pad">Content</p></section>',
            ),
            Specimen(
                "empty: says what would be here",
                '<section class="panel"><header><h2>Dead</h2></header>'
                '<p class="empty">No dead jobs.</p></section>',
            ),
            Specimen("not read yet", '<p class="empty panel">{{ p.unread(true) }}</p>'),
            Specimen("nothing is known", '<p class="empty panel">{{ p.unread(false) }}</p>'),
        ),
    ),
    Part(
        "Findings",
        "What is wrong in plain words, gravest first.",
        (
            Specimen("something", _panel('{{ p.attention(given, "") }}', "attention"), _FOUND),
            Specimen(
                "nothing", _panel('{{ p.attention([], "Nothing. Jobs flow.") }}', "attention")
            ),
        ),
    ),
    Part(
        "Verdict",
        "Is this job stuck or just late? One sentence first, its reason after it.",
        (
            _verdict(
                "good",
                "Running, 4 s so far.",
                "Jobs of this type usually run 3.1 s; 95% run at most 9 s.",
            ),
            _verdict("plain", "Due in 2 h."),
            _verdict(
                "warn",
                "Late: it has been waiting for 12 min.",
                "Jobs of this type usually wait 40 ms.",
            ),
            _verdict("bad", "Stuck: its queue reports is paused.", "It has waited 3 h."),
        ),
    ),
    Part(
        "Table",
        "Rows of one kind. Below 640 px each row becomes a card.",
        (
            Specimen(
                "queues",
                _panel("{{ p.queues(given, none) }}"),
                (
                    _queue("mailers", 4200, growth="+3.1/s"),
                    _queue("reports", 1204, paused=True),
                    _queue("thumbnails", 0, growth="0/s"),
                ),
            ),
            Specimen(
                "a job's cells",
                '<section class="panel"><table class="cards runs">{{ p.runs_head(false) }}'
                "<tbody>{{ p.runs([given], false) }}</tbody></table></section>",
                _RUN,
            ),
        ),
    ),
    Part(
        "Pager",
        "Where one is in a list. A step that leads nowhere is no link.",
        (
            Specimen("first page", _panel("{{ p.pager(given) }}"), _pager(1, 41)),
            Specimen("in the middle", _panel("{{ p.pager(given) }}"), _pager(20, 41)),
            Specimen("one page only", _panel("{{ p.pager(given) }}"), _pager(1, 1)),
            Specimen("past the end", _panel("{{ p.pager(given) }}"), _pager(50, 41, past=True)),
        ),
    ),
    Part(
        "Filter box",
        "Finds within one list. What is wrong is said below it, with an example.",
        (
            Specimen("empty", _panel("{{ p.find(given) }}"), _find()),
            Specimen(
                "found",
                _panel("{{ p.find(given) }}"),
                _find("error:declined", outcome="12 of 1,010 jobs match."),
            ),
            Specimen(
                "wrong words",
                _panel("{{ p.find(given) }}"),
                _find("args.:1", "args. needs a path.", "For example args.0.order_id:1234."),
            ),
        ),
    ),
    Part(
        "Arguments",
        "The beginning of what a job was given, and the size of all of it.",
        (
            Specimen("short", "{{ p.args(given) }}", _ARGS),
            Specimen("cut", "{{ p.args(given) }}", _LONG),
        ),
    ),
    Part(
        "Error",
        "Type and message of a failure.",
        (
            Specimen("in a row", "{{ p.error(given) }}", _failure("retried")),
            Specimen(
                "in a list of failures",
                '<ul class="failures panel">{{ p.failure(given) }}</ul>',
                _failure("buried"),
            ),
        ),
    ),
    Part(
        "Id",
        "A job's id leads to the job and can be copied.",
        (Specimen("in a row", "{{ p.jid(given) }}", _failure("done")),),
    ),
    Part(
        "Time",
        "Relative, with the absolute time in UTC. The browser keeps it true.",
        (
            Specimen("past", "{{ p.stamp(given) }}", _at(-95)),
            Specimen("future", "{{ p.stamp(given) }}", _at(7300)),
            Specimen("in a cell", "{{ p.time(given) }}", _at(-95)),
            Specimen("unknown", "{{ p.time(none) }}"),
            Specimen(
                "stored, and no time",
                "{{ p.time(given) }}",
                fmt.stored_moment("yesterday-ish", NOW, "en"),
            ),
        ),
    ),
    Part(
        "Timeline",
        "What happened to a job, oldest first.",
        (
            Specimen(
                "a job that failed once",
                _panel("{{ p.timeline(given) }}"),
                (
                    _fact("Created", -300),
                    _fact("Failed", -95, "Stripe::CardError: Your card was declined."),
                    _fact("Next retry", 60),
                ),
            ),
        ),
    ),
    Part(
        "Facts",
        "Names and values.",
        (
            Specimen(
                "with a copy button",
                '<section class="panel"><dl class="facts"><div><dt>Job</dt><dd>'
                '<span class="mono">4f2a9c1e7b</span> <button type="button" class="copy" '
                'data-copy="4f2a9c1e7b">Copy</button></dd></div><div><dt>Queue</dt><dd>'
                '<a href="#queue">payments</a></dd></div></dl></section>',
            ),
        ),
    ),
    Part(
        "Stored text",
        "JSON as it is stored: no number rounded, no field left out.",
        (
            Specimen("whole", _panel('{{ p.stored(given, "Arguments") }}'), _STORED),
            Specimen(
                "the beginning",
                _panel('{{ p.stored(given, "Arguments") }}'),
                msgspec.structs.replace(_STORED, cut=True, size="9.5 MiB"),
            ),
        ),
    ),
    Part(
        "Chart",
        "Rates over the last five minutes. Processed is a line, failed a dashed one.",
        (
            Specimen(
                "with data",
                '<section class="panel chart"><header><h2>Jobs per second</h2>{{ p.legend(given) }}'
                "</header>{{ p.plot(given, false) }}</section>",
                _CHART,
            ),
            Specimen(
                "too early",
                _panel("{{ p.plot(given, false) }}", "chart"),
                msgspec.structs.replace(_CHART, empty=True),
            ),
        ),
    ),
    Part(
        "Button",
        "Plain for a step, quiet for a tool. At least 24 px high.",
        (
            Specimen(
                "plain and quiet",
                '<p class="about"><button type="button" class="plain">Find</button> '
                '<button type="button" class="quiet" aria-label="Keyboard">?</button></p>',
            ),
        ),
    ),
    Part(
        "Error page",
        "What went wrong, and what to do next.",
        (
            Specimen(
                "not found",
                '{% include "error.html" %}',
                {
                    "status": 404,
                    "detail": "The queue mial does not exist.",
                    "code": "not_found",
                    "home": "#",
                    "remedy": "Check the name, or look through the queues.",
                },
            ),
        ),
    ),
)

NUMBERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Counts have thousands separators", (fmt.number(7, "en"), fmt.number(1_204_113, "en"))),
    (
        "Rates have one decimal below ten",
        (fmt.rate(0.04, "en"), fmt.rate(3.21, "en"), fmt.rate(285.4, "en")),
    ),
    (
        "Sizes are in B, KiB, MiB, GiB",
        (fmt.size(47, "en"), fmt.size(197_782, "en"), fmt.size(10_000_000, "en")),
    ),
    (
        "How long ago: one unit, rounded down",
        tuple(_at(-s).relative for s in (5, 95, 7300, 200_000)),
    ),
    (
        "How long something took: what is of use",
        tuple(fmt.span(s, "en") for s in (0.0004, 0.041, 3.14159, 95, 7300)),
    ),
    ("What is set is told in full", tuple(fmt.exactly(s, "en") for s in (1800, 90_061))),
    ("Points in time are in UTC, to the second", (_at(-95).absolute,)),
    ("What is not known is a dash, never a zero", ("–",)),
)
