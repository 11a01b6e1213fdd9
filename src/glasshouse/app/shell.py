"""Who gives a command at a shell, as the ledger names that person."""

from __future__ import annotations

import getpass

from glasshouse.ledger.record import Who


def shell() -> Who:
    """Return the user of this machine who runs the process."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = "unknown"
    return Who(name=f"shell:{name}", how="shell")
