"""The pages by the name of their route; each asks the floor and answers with one typed view."""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.web.busy import busy
from glasshouse.web.context import PageBuilder
from glasshouse.web.finished import finished
from glasshouse.web.fleet import fleet
from glasshouse.web.history import history
from glasshouse.web.job import job
from glasshouse.web.lists import dead, queue, retries, scheduled
from glasshouse.web.overview import overview
from glasshouse.web.parameters import parameters
from glasshouse.web.queues import queues
from glasshouse.web.search import search

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
