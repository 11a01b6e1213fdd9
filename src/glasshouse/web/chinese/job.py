"""Chinese for the page of one job."""

from __future__ import annotations

from collections.abc import Mapping

JOB: Mapping[str, str] = {}
