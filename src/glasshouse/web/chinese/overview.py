"""Chinese for the overview, busy, queues and load."""

from __future__ import annotations

from collections.abc import Mapping

OVERVIEW: Mapping[str, str] = {}
