"""Order of Faktory releases, from the version that a server reports."""

from __future__ import annotations

import re

_RELEASE = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


def before(version: str, *release: int) -> bool:
    """Return whether ``version`` is older than a release, as in ``before("1.9.4", 1, 10)``.

    A version without a release number counts as the newest.
    """
    match = _RELEASE.match(version)
    return match is not None and tuple(int(part or 0) for part in match.groups()) < release
