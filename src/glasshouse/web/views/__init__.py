"""What each page's template gets: one frozen struct per page, ready to lay out.

Every text in a view has gone through ``format.display_text``; every ``href`` is
a percent-encoded path of ours. Templates read these fields and nothing else.
"""

from __future__ import annotations

from glasshouse.web.views.finished import (
    FilterView,
    FinishedView,
    TimesRow,
    TimesView,
)
from glasshouse.web.views.history import (
    Bar,
    DayRow,
    HistoryView,
    SpanLink,
)
from glasshouse.web.views.job import (
    JobEntry,
    JobView,
    Link,
    Links,
    RanView,
    Stored,
    Verdict,
)
from glasshouse.web.views.lists import (
    FindView,
    OrderView,
    QueueView,
    SetView,
)
from glasshouse.web.views.overview import (
    Attention,
    BusyView,
    Cell,
    Chart,
    FailureRow,
    FleetServer,
    FleetView,
    HostGroup,
    Load,
    OverviewView,
    QueuesView,
    RunRow,
    SortView,
    WorkerRuns,
)
from glasshouse.web.views.parameters import (
    ParameterRow,
    ParametersView,
)
from glasshouse.web.views.search import (
    FoundRow,
    SearchView,
    UnsearchedList,
)
from glasshouse.web.views.shared import (
    ActBar,
    ActButton,
    Choice,
    ExecutionRow,
    Fact,
    Go,
    Hidden,
    JobRow,
    Late,
    Mistake,
    Pager,
    PushForm,
    QueueRow,
    StripRow,
    Tile,
    WorkerRow,
)

__all__ = [
    "ActBar",
    "ActButton",
    "Attention",
    "Bar",
    "BusyView",
    "Cell",
    "Chart",
    "Choice",
    "DayRow",
    "ExecutionRow",
    "Fact",
    "FailureRow",
    "FilterView",
    "FindView",
    "FinishedView",
    "FleetServer",
    "FleetView",
    "FoundRow",
    "Go",
    "Hidden",
    "HistoryView",
    "HostGroup",
    "JobEntry",
    "JobRow",
    "JobView",
    "Late",
    "Link",
    "Links",
    "Load",
    "Mistake",
    "OrderView",
    "OverviewView",
    "Pager",
    "ParameterRow",
    "ParametersView",
    "PushForm",
    "QueueRow",
    "QueueView",
    "QueuesView",
    "RanView",
    "RunRow",
    "SearchView",
    "SetView",
    "SortView",
    "SpanLink",
    "Stored",
    "StripRow",
    "Tile",
    "TimesRow",
    "TimesView",
    "UnsearchedList",
    "Verdict",
    "WorkerRow",
    "WorkerRuns",
]
