from __future__ import annotations

from glasshouse.wire import replies


def test_line_breaks_in_an_error_become_spaces() -> None:
    assert replies.error("a\r\n+OK\n") == b"-ERR a  +OK \r\n"


def test_a_bulk_reply_counts_bytes() -> None:
    assert replies.bulk("é".encode()) == b"$2\r\n\xc3\xa9\r\n"
    assert replies.bulk(b"") == b"$0\r\n\r\n"


def test_an_error_with_a_lone_surrogate_still_goes_out() -> None:
    assert replies.error("\ud800") == b"-ERR ?\r\n"
