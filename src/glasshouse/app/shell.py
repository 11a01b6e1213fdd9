"""The person who runs a command in a shell, as the ledger names them."""

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
