"""Chinese for lists of jobs and their filter."""

from __future__ import annotations

from collections.abc import Mapping

LISTS: Mapping[str, str] = {}
