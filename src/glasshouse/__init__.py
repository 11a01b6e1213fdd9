"""Glasshouse: a console for Faktory work servers, and a work server of its own.

Each folder in here is a room; a room imports only from rooms of lower rank
(``docs/architecture.md``). This module holds nothing but the version.
"""

from importlib.metadata import version

__version__ = version("glasshouse")
