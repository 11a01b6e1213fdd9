"""Glasshouse: a console for Faktory work servers, and a work server of its own.

Each folder in here is a room; a room imports only from rooms of lower rank
(``docs/architecture.md``). This module holds nothing but the version.
"""


def __getattr__(name: str) -> str:
    """Return ``__version__``; it is looked up only when somebody asks: that takes a while."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version  # noqa: PLC0415

    return version("glasshouse")
