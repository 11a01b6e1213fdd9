"""The pages by route name; each queries the monitor and returns one typed view."""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.web.pages.busy import busy
from glasshouse.web.pages.finished import finished
from glasshouse.web.pages.fleet import fleet
from glasshouse.web.pages.history import history
from glasshouse.web.pages.job import job
from glasshouse.web.pages.lists import dead, queue, retries, scheduled
from glasshouse.web.pages.overview import overview
from glasshouse.web.pages.parameters import parameters
from glasshouse.web.pages.queues import queues
from glasshouse.web.pages.search import search
from glasshouse.web.request.context import PageBuilder

PAGES: Mapping[str, PageBuilder] = {
    "fleet": fleet,
    "overview": overview,
    "queues": queues,
    "queue": queue,
    "retries": retries,
    "scheduled": scheduled,
    "dead": dead,
    "busy": busy,
    "job": job,
    "finished": finished,
    "parameters": parameters,
    "search": search,
    "history": history,
}
