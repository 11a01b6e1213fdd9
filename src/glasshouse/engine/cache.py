"""A bounded cache of rows of waiting jobs that are likely to be fetched next."""

from __future__ import annotations

from glasshouse.engine.batch import Row

_ROWS = 20_000
_BYTES = 16 << 20


class RowCache:
    """Rows by number, as the database has them."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[int, Row] = {}
        self._bytes = 0

    @property
    def room(self) -> bool:
        """Whether a row can be kept without another being forgotten."""
        return len(self._rows) < _ROWS and self._bytes < _BYTES

    def get(self, number: int) -> Row | None:
        """Return a row, if it is kept."""
        return self._rows.get(number)

    def keep(self, row: Row) -> None:
        """Keep a row; if there is no room, the oldest ones are forgotten."""
        self.forget(row.id)
        while self._rows and not self.room:
            self.forget(next(iter(self._rows)))
        self._bytes += len(row.payload)
        self._rows[row.id] = row

    def forget(self, number: int) -> None:
        """Forget a row, if it is kept."""
        row = self._rows.pop(number, None)
        if row is not None:
            self._bytes -= len(row.payload)

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.clear()
        self._bytes = 0
