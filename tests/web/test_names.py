"""A name counts as it is written, whichever way something is asked for.

Every road on which a name is compared with what a role writes gives the answer of the
decision: what is shown of lists, logs and searches, what is frozen, what a preview tells.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glasshouse.control.preview import shown_to
from glasshouse.control.requester import Requester
from glasshouse.control.selection import freeze
from glasshouse.engine import schema
from glasshouse.engine.lock import FolderLock
from glasshouse.ledger.record import Subject
from glasshouse.model.access import Actor, Context, Outcome
from glasshouse.model.errors import NotFoundError
from glasshouse.model.finished import FinishedFilter
from glasshouse.model.job import JobSet, JobState
from glasshouse.model.jobquery import JobQuery, parse_query
from glasshouse.model.listing import ListQuery
from glasshouse.model.operation import Operation, Target
from glasshouse.model.request import OperationRequest
from glasshouse.model.retention import Bounds
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.monitor.view import MonitorView, ServerView
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.operator import FrozenJobs, Selection
from glasshouse.web.request.ledger_visibility import covers
from glasshouse.wire.matching import matches
from tests.policy.second import like
from tests.upstream.store import NOW, put
from tests.web.fakes import FAST

NAMES = (
    *("mail", "MAIL", "Mail", "mai", "mails", " mail", "mail ", "ma il", "mail\t", "m\u00e1il"),
    *("ma\u0301il", "M\u00c1IL", "\u017fend", "send", "SEND", "\u212aelvin", "kelvin", "KELVIN"),
    *("\u0130stanbul", "i\u0307stanbul", "istanbul", "\u0131stanbul", "ISTANBUL", "stra\u00dfe"),
    *("strasse", "STRASSE", "\ufb01le", "file", "\uff4dail", "a?c", "abc", "a[b]c", "a[bc", "a]c"),
    *("[a-z]", "a\\c", "a\\*c", "a%c", "a_c", "a^c", "[^a]", "\u03c3", "\u03c2", "\u03a3"),
    *("pay.eu", "pay-eu", "pay_eu", "mail\u200b", "mail\0", "mail\0x", "\U0001f4e8", "\u2603"),
)
SETTINGS = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _written(name: str) -> st.SearchStrategy[str]:
    """Return ways in which somebody might write a rule about ``name``, and others like it."""
    forms = {
        *(name, name.upper(), name.lower(), name.casefold(), name.swapcase(), name.strip()),
        *(unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")),
        *(name.replace("\0", ""), f"{name}*", f"*{name}", f"{name} ", name.replace("a", "?")),
        *(f"[{name[:1]}]{name[1:]}", f"{name[:1]}*", f"*{name[-1:]}", f"{name[:1]}*{name[-1:]}"),
    }
    return st.sampled_from(sorted(forms))


PATTERNS = st.lists(
    st.one_of(
        st.sampled_from(NAMES).flatmap(_written),
        st.text("".join(sorted({*"".join(NAMES), "*"})), max_size=6),
    ),
    min_size=1,
    max_size=3,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a data folder with a queue of each name: a job that waits, one that failed, one run."""
    made = tmp_path_factory.mktemp("names")
    lock = FolderLock(made)
    db = schema.open_writer(made)
    with db:
        for number, name in enumerate(NAMES, start=1):
            body = json.dumps({"jid": f"j{number}", "jobtype": "T", "queue": name, "args": []})
            for state, score in ((JobState.ENQUEUED, number), (JobState.RETRIES, NOW + number)):
                put(db, state, score, f"j{number}", queue=name, jobtype="T", payload=body.encode())
            row = (number, f"j{number}", "T", name, "w", 1.0, 2.0, 3.0, 1)
            db.execute(
                "INSERT INTO finished (id, jid, jobtype, queue, wid, enqueued_at, reserved_at,"
                " finished_at, outcome) VALUES (?,?,?,?,?,?,?,?,?)",
                row,
            )
    db.close()
    try:
        yield made
    finally:
        lock.close()


def _asker(rules: Rules, actor: Actor) -> Requester:
    return Requester(
        who=Subject(name=actor.name, roles=actor.roles),
        visibility=rules.visibility(actor, "main", Context()),
        decide=lambda operation, target: rules.decide(actor, operation, target, Context()),
        globs=rules.roles["some"].queues,
    )


async def _there(view: ServerView, name: str) -> bool:
    try:
        return bool((await view.queue_jobs(name, ListQuery())).items)
    except NotFoundError:
        return False


async def _roads(folder: Path, patterns: tuple[str, ...]) -> dict[str, set[str]]:
    """Return the names that each road gives to a role with these patterns."""
    table = RoleTable(
        see=(*(f"queues:{pattern}" for pattern in patterns), "audit"),
        allow=("*",), queues=patterns, factor_age="none",
    )  # fmt: skip
    rules = Rules(roles=resolve({"some": table}))
    actor = Actor(name="local:a", roles=("some",))
    requester = _asker(rules, actor)
    visibility = requester.visibility
    reader, operator = EmbeddedReader(folder, clock=lambda: NOW), EmbeddedOperator(folder)
    server = ServerMonitor("main", reader, clock=lambda: NOW, pace=FAST)
    monitor = Monitor({"main": server})
    view = MonitorView(monitor, lambda _: visibility).server("main")
    many = ListQuery(per_page=len(NAMES))
    words = ListQuery(per_page=len(NAMES), wanted=parse_query("type:T", NOW))
    retries = JobSet.RETRIES

    async def frozen(selection: Selection) -> set[str]:
        found = await operator.freeze(selection)
        assert found.queues == tuple(dict.fromkeys(found.queues))
        return set(found.queues)

    async def preview(operation: Operation, **more: str) -> set[str]:
        order = OperationRequest(operation=operation, **more)  # type: ignore[arg-type]
        found = await freeze_for(order)
        decision = requester.best(operation, "main")
        shown = await shown_to("p", requester, order, found, decision, Bounds())
        return set(shown.groups.queues)

    async def freeze_for(order: OperationRequest) -> FrozenJobs:
        return await freeze(order, requester, operator, None, "main", NOW)  # type: ignore[arg-type]

    async def log(**wanted: str) -> set[str]:
        found = await view.finished(FinishedFilter(**wanted), page=1, per_page=100)  # type: ignore[arg-type]
        assert found is not None
        assert found.total == len(found.items)
        return {entry.queue for entry in found.items}

    async def listed(read: Awaitable[object]) -> set[str]:
        return {job.queue for job in (await read).items}  # type: ignore[attr-defined]

    def job(name: str) -> object:
        return next(item for item in jobs if item.queue == name)

    try:
        async with monitor.running():
            jobs = (await reader.set_jobs(retries, many)).items
            state = view.snapshot.state
            assert state is not None
            roads: dict[str, Callable[[], Awaitable[set[str]]]] = {
                "set": lambda: listed(view.set_jobs(retries, many)),
                "words": lambda: listed(view.set_jobs(retries, words)),
                "finished": log,
                "finished by type": lambda: log(jobtype="T"),
                "frozen": lambda: frozen(Selection(set=retries, shown=visibility.queues)),
                "frozen by words": lambda: frozen(
                    Selection(set=retries, shown=visibility.queues, query=JobQuery())
                ),
                "preview of words": lambda: preview(Operation.JOB_RETRY, set="retries", query=""),
                "preview of a set": lambda: preview(Operation.SET_CLEAR, set="retries"),
            }
            told = {name: await ask() for name, ask in roads.items()}
            told["sight"] = {name for name in NAMES if visibility.shows(name)}
            told["ledger"] = {name for name in NAMES if covers(visibility, (name,))}
            told["snapshot"] = {queue.name for queue in state.queues}
            told["queue"] = {name for name in NAMES if await _there(view, name)}
            told["match"] = {
                name
                for name in NAMES
                if matches(JobQuery(shown=visibility.queues), job(name))  # type: ignore[arg-type]
            }
            told["decision"] = {
                name
                for name in NAMES
                if requester.decide(Operation.JOB_DELETE, Target(server="main", queue=name)).outcome
                is Outcome.ALLOW
            }
            return told
    finally:
        await operator.close()


@SETTINGS
@given(PATTERNS)
@example(["*x"])
async def test_every_road_agrees_with_the_decision(folder: Path, patterns: list[str]) -> None:
    expected = {name for name in NAMES if any(like(pattern, name) for pattern in patterns)}
    for road, names in (await _roads(folder, tuple(patterns))).items():
        assert names == expected, road
