"""Who gives a command at a shell, as the ledger names that person."""

from __future__ import annotations

import getpass

from glasshouse.ledger.record import Subject


def shell() -> Subject:
    """Return the user of this machine who runs the process."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = "unknown"
    return Subject(name=f"shell:{name}", how="shell")
