"""The JSON scanner against Python's own parser."""

from __future__ import annotations

import json
import re
from typing import Any
from unittest import mock

from glasshouse.wire import jsontext
from glasshouse.wire.jsontext import JsonTextError, decode_string, elements, members

SEEDS = (
    b'\x08{"a":1,"a":[1.0,-0,1e400,"\\ud800\\n"],"b" : {"c":{"d":[{},[]]}}}',
    b'\x0f[null,true,false,"\xff","\\u00e9",12345678901234567890, [ [ ] ] ]',
    b"\x40{" + b'"k":"' + b"x" * 200 + b'","n":' + b"9" * 100 + b"." + b"0" * 100 + b"E+1}",
    b"\x10" + b"[" * 300 + b"NaN",
    b'\x09[1,[2,],3,{"a":01}',
)
_LONE = re.compile("[\ud800-\udfff]")
# What is only taken whole, "false" and what may follow a number, fits into a window.
_LEAST_WINDOW = 8


def _refuse(name: str) -> Any:
    raise ValueError(name)


class _Pairs(tuple[Any, ...]):
    """An object's members in order, repeats too; unlike an array with the same in it."""

    __slots__ = ()


def _python(text: bytes) -> Any:
    return json.loads(
        text.decode(errors="replace"),
        parse_constant=_refuse, parse_int=str, parse_float=str, object_pairs_hook=_Pairs,
    )  # fmt: skip


def _ours(text: bytes) -> Any:
    first = text.lstrip(b" \t\r\n")[:1]
    if first == b"{":
        return _Pairs((decode_string(key), _python(value)) for key, value in members(text))
    return [_python(value) for value in elements(text)]


def check_json(data: bytes) -> None:
    """Both take the same texts, and see the same in them; the window's size shows nowhere."""
    window, text = max((data[:1] or b"\0")[0], _LEAST_WINDOW), data[1:]
    theirs: Any = None
    try:
        theirs = _python(text)
    except RecursionError:
        # Too deep for Python only: ours must not fall over it.
        theirs = ...
    except ValueError:
        pass
    with mock.patch.object(jsontext, "_WINDOW", window):
        try:
            ours = _ours(text)
        except JsonTextError:
            ours = None
        except RecursionError:
            assert theirs is ...
            return
    if theirs is ...:
        return
    if not isinstance(theirs, list | _Pairs):
        assert ours is None, (text, ours)
        return
    assert ours is not None, text
    if isinstance(theirs, _Pairs):
        # Of keys, ours are clean.
        theirs = _Pairs((_LONE.sub("\ufffd", key), value) for key, value in theirs)
    assert ours == theirs, text
