"""Patterns of search words and of what is hidden: letters match in either case.

What may be seen or done is another question: that is for ``model.globs`` alone.
"""

from __future__ import annotations

from glasshouse.model.globs import alike as glob

__all__ = ["glob"]
