"""What the templates of one job get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import (
    ActBar,
    ActivityRow,
    ExecutionRow,
    Fact,
    FieldError,
    PushForm,
    Staleness,
)
from glasshouse.web.text.format import Moment


class Verdict(Struct, frozen=True, kw_only=True):
    """What to state first about a job. ``tone``: ``good``, ``plain``, ``warn`` or ``bad``."""

    tone: str
    text: str
    detail: str


class StoredText(Struct, frozen=True, kw_only=True):
    """The beginning of a stored text, indented; ``size`` is that of the whole.

    ``name`` identifies its bytes: the same bytes have the same name. ``part`` is ``args`` or, for
    the whole job, empty. Without ``href`` the text is all that the server reports.
    """

    name: str
    part: str
    text: str
    size: str
    cut: bool
    href: str


class Link(Struct, frozen=True, kw_only=True):
    """A link to more of the same."""

    label: str
    href: str


class RelatedLinks(Struct, frozen=True, kw_only=True):
    """Links of one kind: to jobs of the same type, or with the same error."""

    label: str
    items: tuple[Link, ...]


class JobEntry(Struct, frozen=True, kw_only=True):
    """One place where a job with this id is; ``redacted`` means that something in it is hidden.

    ``copy`` is the form for a new job like it.
    """

    state: str
    state_label: str
    where: str
    where_href: str
    jobtype: str
    verdict: Verdict
    facts: tuple[Fact, ...]
    more_facts: str
    timeline: tuple[Fact, ...]
    related: tuple[RelatedLinks, ...]
    failed: bool
    errtype: str
    message: str
    message_cut: bool
    backtrace: str
    backtrace_lines: int
    backtrace_cut: bool
    args: StoredText
    raw: StoredText | None
    redacted: bool
    bar: ActBar | None
    copy: PushForm | None


class RanView(Struct, frozen=True, kw_only=True):
    """What the log has about one id; ``answer`` is empty if it has no execution of it."""

    answer: str
    at: Moment | None
    label: str
    rows: tuple[ExecutionRow, ...]
    more: bool
    log_href: str


class JobView(Struct, frozen=True, kw_only=True):
    """``/{server}/jobs/{jid}``: every entry with this id, and its executions that ended.

    ``late`` means that it was read a while ago. ``reveal`` is where hidden values are requested,
    empty for a viewer who may not; ``reveal_first`` is where a second factor is shown first;
    ``revealed`` is why they are shown. ``ran`` is ``None`` if the server keeps no log of
    executions, or it cannot be read. ``gone`` means that nothing is known about the id any more;
    ``trash`` is where in the trash it may be, ``kept`` what was filled in for a copy of it.
    """

    jid: str
    json_href: str
    total: int
    entries: tuple[JobEntry, ...]
    ran: RanView | None
    late: Staleness | None
    gone: str
    gone_remedy: str
    home: str
    trash: str
    kept: PushForm | None
    reveal: str
    reveal_first: str
    revealed: str
    reveal_mistake: FieldError | None
    strip: tuple[ActivityRow, ...]
