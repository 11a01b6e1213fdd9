"""What each page's template gets: one frozen struct per page, ready to lay out.

Every text in a view has gone through ``format.display_text``; every ``href`` is
a percent-encoded path of ours. Templates read these fields and nothing else.
"""

from __future__ import annotations

from glasshouse.web.presentation.views.finished import FilterView, FinishedView, TimesRow, TimesView
from glasshouse.web.presentation.views.history import Bar, DayRow, HistoryView, SpanLink
from glasshouse.web.presentation.views.job import (
    JobEntry,
    JobView,
    Link,
    RanView,
    RelatedLinks,
    StoredText,
    Verdict,
)
from glasshouse.web.presentation.views.lists import FindView, OrderView, QueueView, SetView
from glasshouse.web.presentation.views.overview import (
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
from glasshouse.web.presentation.views.parameters import ParameterRow, ParametersView
from glasshouse.web.presentation.views.search import FoundRow, SearchView, UnsearchedList
from glasshouse.web.presentation.views.shared import (
    ActBar,
    ActButton,
    ActivityRow,
    Choice,
    ExecutionRow,
    Fact,
    FieldError,
    HiddenField,
    JobRow,
    JumpForm,
    Pager,
    PushForm,
    QueueRow,
    Staleness,
    Tile,
    WorkerRow,
)

__all__ = [
    "ActBar",
    "ActButton",
    "ActivityRow",
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
    "FieldError",
    "FilterView",
    "FindView",
    "FinishedView",
    "FleetServer",
    "FleetView",
    "FoundRow",
    "HiddenField",
    "HistoryView",
    "HostGroup",
    "JobEntry",
    "JobRow",
    "JobView",
    "JumpForm",
    "Link",
    "Load",
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
    "RelatedLinks",
    "RunRow",
    "SearchView",
    "SetView",
    "SortView",
    "SpanLink",
    "Staleness",
    "StoredText",
    "Tile",
    "TimesRow",
    "TimesView",
    "UnsearchedList",
    "Verdict",
    "WorkerRow",
    "WorkerRuns",
]
