"""What the templates shared by several pages get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.payload import Preview
from glasshouse.web.text.format import Moment


class HiddenField(Struct, frozen=True, kw_only=True):
    """A parameter that a form carries along."""

    name: str
    value: str


class JumpForm(Struct, frozen=True, kw_only=True):
    """The form that leads to a page or a time of a list."""

    action: str
    hidden: tuple[HiddenField, ...]


class Staleness(Struct, frozen=True, kw_only=True):
    """When the contents of a page were read, and why nothing newer was; see ``JobPage.late``."""

    read: Moment
    why: str


class Pager(Struct, frozen=True, kw_only=True):
    """The position of a page in a list; an ``href`` is ``None`` where it would lead nowhere."""

    label: str
    page: int
    pages: int
    past_end: bool
    first: str | None
    previous: str | None
    next: str | None
    last: str | None
    last_href: str
    go: JumpForm | None = None
    late: Staleness | None = None


class Tile(Struct, frozen=True, kw_only=True):
    """One number of a server at a glance. ``tone``: ``plain``, ``good``, ``warn`` or ``bad``."""

    label: str
    value: str
    note: str
    href: str
    tone: str


class FieldError(Struct, frozen=True, kw_only=True):
    """What is wrong with what was filled in, and what to do."""

    fault: str
    remedy: str


class ActButton(Struct, frozen=True, kw_only=True):
    """A button that requests an operation; with ``why`` it is disabled, for that reason.

    ``note`` is what it needs in addition, if it is enabled anyway.
    """

    operation: str
    label: str
    tone: str
    why: str = ""
    note: str = ""


class ActBar(Struct, frozen=True, kw_only=True):
    """A form of buttons; ``to`` is where it is sent, ``hidden`` is sent with each of them.

    ``box`` is the name of the checkboxes that pick jobs; empty if nothing is picked. ``every`` is
    the label of the checkbox that picks every job with the search words ``query`` instead. After a
    ``mistake`` the checkboxes are as they were sent: ``chosen``, or ``all``.
    """

    to: str
    hidden: tuple[HiddenField, ...]
    buttons: tuple[ActButton, ...]
    box: str = ""
    every: str = ""
    query: str = ""
    mistake: FieldError | None = None
    chosen: tuple[str, ...] = ()
    all: bool = False


class PushForm(Struct, frozen=True, kw_only=True):
    """The form for a new job; ``text`` is what its text box starts with, ``here`` its page."""

    to: str
    here: str
    text: str
    mistake: FieldError | None


class ActivityRow(Struct, frozen=True, kw_only=True):
    """One line of the activity strip; ``where`` is the queue, if it is not the page's."""

    meaning: str
    where: str
    actor: str
    reason: str
    outcome: str
    at: Moment
    href: str


class QueueRow(Struct, frozen=True, kw_only=True):
    """A queue; ``bar`` and ``share`` are the percentage of all waiting jobs that are in it.

    ``row`` is the row's own id on a page, as for a worker. ``growth`` is empty while it is not
    known.
    """

    row: str
    name: str
    href: str
    size: str
    bar: int
    oldest: Moment | None
    latency: str
    growth: str
    share: str
    paused: bool | None
    act: ActBar | None


class WorkerRow(Struct, frozen=True, kw_only=True):
    """A worker process."""

    row: str
    wid: str
    hostname: str
    pid: str
    labels: tuple[str, ...]
    memory: str
    state: str
    state_label: str
    started: Moment | None
    beat: Moment | None
    stale: bool
    busy: str


class JobRow(Struct, frozen=True, kw_only=True):
    """A job in any list. What a list does not show is empty or ``None``.

    ``row`` is the row's own id on a page: the same entry keeps it. ``pick`` names the entry in an
    operation request; it is empty if it has no name that can be sent.
    """

    row: str
    position: str
    jid: str
    href: str
    jobtype: str
    queue: str
    queue_href: str
    args: Preview
    created: Moment | None
    enqueued: Moment | None
    at: Moment | None
    failed: Moment | None
    retries: str
    errtype: str
    message: str
    worker: str
    reserved: Moment | None
    expires: Moment | None
    pick: str = ""


class Choice(Struct, frozen=True, kw_only=True):
    """One value that a form offers."""

    value: str
    label: str
    chosen: bool


class Fact(Struct, frozen=True, kw_only=True):
    """A line of a job's facts: text, or a time, and where it leads."""

    label: str
    text: str
    href: str
    moment: Moment | None


class ExecutionRow(Struct, frozen=True, kw_only=True):
    """One finished execution; what it does not have is empty."""

    row: str
    jid: str
    href: str
    jobtype: str
    queue: str
    queue_href: str
    worker: str
    waited: str
    ran: str
    outcome: str
    outcome_label: str
    outcome_title: str
    errtype: str
    at: Moment
