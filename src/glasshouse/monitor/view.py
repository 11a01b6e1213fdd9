"""The monitor as a viewer may see it: the single place where hidden content is removed.

Pages, the JSON API and streams get a ``ServerView`` and never a ``ServerMonitor``: whatever
they receive has passed through here. Reads stay shared among all viewers; only the results
differ.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import msgspec

from glasshouse.model.errors import DeniedError, NotFoundError
from glasshouse.model.finished import (
    Executions,
    FinishedFilter,
    FinishedJob,
    FinishedPage,
    TimesTable,
)
from glasshouse.model.history import History
from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import Entries, JobPage, ListQuery
from glasshouse.model.parameters import Parameter
from glasshouse.model.search_result import Coverage, SearchResult
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.monitor.summary import FailedRun, Summary
from glasshouse.policy import logged
from glasshouse.policy.searching import refuse_hidden
from glasshouse.policy.visibility import Visibility
from glasshouse.upstream.timed_cache import At

G = TypeVar("G", Entries, FinishedPage, Executions, TimesTable, History, Summary)

Sees = Callable[[str], Visibility]
"""Returns the visibility of the server with a name."""


class ServerView:
    """One server as a viewer may see it; its methods are those of ``ServerMonitor``."""

    def __init__(
        self, monitor: ServerMonitor, visibility: Visibility, person: Hashable = None
    ) -> None:
        """Show the part of ``monitor`` that ``visibility`` allows to ``person``."""
        self._monitor = monitor
        self.visibility = visibility
        self._person = person
        self.name = monitor.name
        self.oldest: float | None = None
        """When the oldest data returned so far were read, or last known to be unchanged."""

    def ask(self) -> None:
        """Note that someone requests what is known now."""
        self._monitor.ask()

    def anew(self) -> ServerView:
        """Return the same view, with nothing returned yet."""
        return ServerView(self._monitor, self.visibility, self._person)

    @property
    def snapshot(self) -> Snapshot:
        """The last published snapshot, without queues that may not be seen."""
        snapshot = self._monitor.snapshot
        state, visibility = snapshot.state, self.visibility
        if state is None or visibility.everything:
            return snapshot
        shown = msgspec.structs.replace(
            state,
            queues=tuple(queue for queue in state.queues if visibility.shows(queue.name)),
            stranded=tuple(lost for lost in state.stranded if visibility.shows(lost.queue)),
        )
        return msgspec.structs.replace(snapshot, state=shown)

    @property
    def behind(self) -> bool:
        """Whether what may be some seconds old is older than the snapshot."""
        return self._monitor.behind

    async def queue_jobs(self, queue: str, query: ListQuery) -> JobPage:
        """Return a part of a queue.

        Raises:
            NotFoundError: there is no such queue, or it may not be seen: indistinguishable.
            DeniedError: the query searches for a hidden value.
        """
        if not self.visibility.shows(queue):
            raise NotFoundError(
                f"The queue {queue[:80]!r} does not exist.", remedy="Choose one of the queues."
            )
        narrowed = query if query.wanted is None else self._narrowed(query)
        return await self._page(await self._monitor.queue_jobs(queue, narrowed, self._person))

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        """Return a part of a set.

        Raises:
            DeniedError: the query searches for a hidden value.
        """
        narrowed = self._narrowed(query)
        return await self._page(await self._monitor.set_jobs(name, narrowed, self._person))

    async def working_jobs(self, query: ListQuery) -> JobPage:
        """Return a part of the reserved jobs.

        Raises:
            DeniedError: the query searches for a hidden value.
        """
        narrowed = self._narrowed(query)
        return await self._page(await self._monitor.working_jobs(narrowed, self._person))

    async def jobs(self, jid: str) -> Entries:
        """Return the entries with this id."""
        entries = self._given(await self._monitor.jobs(jid))
        items = await self._shown(entries.items)
        hidden = len(entries.items) - len(items)
        return msgspec.structs.replace(entries, items=items, total=entries.total - hidden)

    async def search(self, wanted: JobQuery, *, start: int | None, per_page: int) -> SearchResult:
        """Return entries of all lists that match.

        Raises:
            DeniedError: the query searches for a hidden value.
        """
        narrowed = self._asked(wanted)
        result = await self._monitor.search(
            narrowed, start=start, per_page=per_page, person=self._person
        )
        items = await self._shown(result.items)
        # The number of entries examined would reveal something about hidden values.
        looked_at = result.looked_at if narrowed == wanted else len(items)
        coverage = self._covered(result.coverage)
        return msgspec.structs.replace(result, items=items, looked_at=looked_at, coverage=coverage)

    def coverage(self) -> Coverage | None:
        """Return how much of this server can be searched, limited to queues that may be seen."""
        coverage = self._monitor.coverage()
        return None if coverage is None else self._covered(coverage)

    def _covered(self, coverage: Coverage) -> Coverage:
        if self.visibility.everything:
            return coverage
        # Running jobs have no queue here: whether some were not searched concerns everyone.
        beyond = tuple(
            one for one in coverage.beyond if not one.queue or self.visibility.shows(one.queue)
        )
        return msgspec.structs.replace(coverage, beyond=beyond)

    async def finished(
        self, wanted: FinishedFilter, *, page: int, per_page: int
    ) -> FinishedPage | None:
        """Return one page of the finished log, limited to queues that may be seen."""
        visibility = self.visibility
        if not visibility.everything:
            wanted = msgspec.structs.replace(wanted, shown=visibility.queues)
        if visibility.hidden and wanted.error is not None:
            wanted = msgspec.structs.replace(wanted, guarded=True)
        finished = await self._monitor.finished(wanted, page=page, per_page=per_page)
        if finished is None:
            return None
        self._given(finished)
        return msgspec.structs.replace(finished, items=self._ran(finished.items))

    async def executions(self, jid: str) -> Executions | None:
        """Return the finished executions of one id, limited to queues that may be seen."""
        executions = await self._monitor.executions(jid)
        if executions is None:
            return None
        self._given(executions)
        return msgspec.structs.replace(executions, items=self._ran(executions.items))

    async def type_times(self) -> TimesTable | None:
        """Return the times per job type of all queues, only for those who may see them all."""
        times = await self._monitor.type_times() if self.visibility.everything else None
        return None if times is None else self._given(times)

    async def history(self, days: int) -> History:
        """Return what was done by day on the whole server: numbers only."""
        return self._given(await self._monitor.history(days))

    async def summary(self) -> Summary:
        """Return the first entries of each list, as far as they may be seen."""
        summary = self._given(await self._monitor.summary())
        failed = summary.failed
        return Summary(
            scheduled=await self._shown(summary.scheduled),
            retries=await self._shown(summary.retries),
            expiring=await self._shown(summary.expiring),
            failed=None if failed is None else await self._runs(failed),
            read_at=summary.read_at,
        )

    async def parameters(self) -> tuple[Parameter, ...] | None:
        """Return the run-time parameters."""
        return (await self.dated_parameters()).value

    async def dated_parameters(self) -> At[tuple[Parameter, ...] | None]:
        """Return the run-time parameters, and when they were read or last confirmed."""
        parameters = await self._monitor.dated_parameters()
        self._note(parameters.at)
        return parameters

    async def _runs(self, failed: tuple[FailedRun, ...]) -> tuple[FailedRun, ...]:
        runs: list[FailedRun] = []
        for one in failed:
            for run in self._ran((one.run,)):
                job = await self._shown(() if one.job is None else (one.job,))
                runs.append(FailedRun(run, next(iter(job), None)))
        return tuple(runs)

    def _ran(self, runs: tuple[FinishedJob, ...]) -> tuple[FinishedJob, ...]:
        """Return the executions that may be seen, without what is hidden in them."""
        visibility = self.visibility
        return tuple(
            logged.shown(run, visibility.hidden) for run in runs if visibility.shows(run.queue)
        )

    def _narrowed(self, query: ListQuery) -> ListQuery:
        if query.wanted is None and self.visibility.everything:
            return query
        return msgspec.structs.replace(query, wanted=self._asked(query.wanted or JobQuery()))

    def _asked(self, wanted: JobQuery) -> JobQuery:
        """Return the query as it is answered: nothing hidden matches."""
        refuse_hidden(wanted, self.visibility.hidden)
        shown = None if self.visibility.everything else self.visibility.queues
        return msgspec.structs.replace(wanted, hidden=self.visibility.hidden, shown=shown)

    def _given(self, data: G) -> G:
        self._note(data.read_at)
        return data

    def _note(self, read_at: float) -> None:
        self.oldest = read_at if self.oldest is None else min(self.oldest, read_at)

    async def _page(self, page: JobPage) -> JobPage:
        self._note(page.read_at)
        return msgspec.structs.replace(page, items=await self._shown(page.items))

    async def _shown(self, jobs: tuple[StoredJob, ...]) -> tuple[StoredJob, ...]:
        """Return the jobs that may be seen, without what is hidden in them."""
        visibility = self.visibility
        seen = [job for job in jobs if visibility.shows(job.queue)]
        return await self._monitor.masker.shown(seen, visibility.hidden)


class MonitorView:
    """The servers that a viewer may see, by name."""

    def __init__(self, monitor: Monitor, sees: Sees, person: Hashable = None) -> None:
        """Show of ``monitor`` what ``sees`` returns for each server; ``person`` is the viewer."""
        self._monitor = monitor
        self._person = person
        visibilities = {name: sees(name) for name in monitor.names}
        self._visibilities = {
            name: visibility for name, visibility in visibilities.items() if visibility.queues
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the servers of which anything may be seen."""
        return tuple(self._visibilities)

    @property
    def audience(self) -> Hashable:
        """A value that distinguishes viewers who are shown different things."""
        return tuple(self._visibilities.items())

    @property
    def audit(self) -> bool:
        """Whether any part of the audit ledger, which all servers share, may be seen."""
        return any(visibility.audit for visibility in self._visibilities.values())

    @property
    def audits_all(self) -> bool:
        """Whether the ledger may be seen for every queue of every existing server."""
        visibilities = [self._visibilities.get(name) for name in self._monitor.names]
        return bool(visibilities) and all(
            visibility is not None and visibility.audit and visibility.everything
            for visibility in visibilities
        )

    def server(self, name: str) -> ServerView:
        """Return one server.

        Raises:
            NotFoundError: there is no such server, or nothing of it may be seen: indistinguishable.
        """
        visibility = self._visibilities.get(name)
        if visibility is None:
            raise NotFoundError(
                f"The server {name[:80]!r} does not exist.",
                remedy="Choose one of the listed servers.",
            )
        return ServerView(self._monitor.server(name), visibility, self._person)

    def revealed(self, name: str) -> ServerView:
        """Return one server with nothing hidden in its jobs: for a viewer whose reason is recorded.

        Raises:
            NotFoundError: as ``server``.
            DeniedError: the viewer may not reveal hidden values.
        """
        visibility = self.server(name).visibility
        if not visibility.payload:
            raise DeniedError(
                "Your role cannot reveal hidden values here.",
                remedy='You need a role with see = ["payload"], and one of its networks.',
            )
        whole = msgspec.structs.replace(visibility, hidden=())
        return ServerView(self._monitor.server(name), whole, self._person)
