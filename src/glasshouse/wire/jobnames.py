"""The name of a job: its type or, for a job of Rails' ActiveJob, the class that it wraps.

All jobs that ActiveJob pushes have one type, that of its Faktory adapter. As on Faktory's
own pages since 1.9, such a job is named after ``custom.wrapped``, and one that sends mail
after its mailer and method; if ``custom`` does not state it, after ``job_class`` in its
first argument. Pure and total: without any of these, a job is named after its type.

A name is also shown to users who may not see arguments. Therefore, a part that comes from
the arguments is used only if it could be the name of a class or a method.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from glasshouse.model.job import WRAPPER
from glasshouse.wire import lenient
from glasshouse.wire.payload import AT_ONCE

_NOTHING = msgspec.Raw(b"null")
_MAILERS = frozenset({"ActionMailer::DeliveryJob", "ActionMailer::MailDeliveryJob"})
_LONGEST = 250
_CLASS = re.compile(r"[^\W\d]\w*(?:::[^\W\d]\w*)*").fullmatch
_METHOD = re.compile(r"[^\W\d]\w*[?!]?").fullmatch
_ODD = (ValueError, RecursionError)  # msgspec's and Unicode's errors are ValueErrors


class _Custom(msgspec.Struct):
    wrapped: msgspec.Raw = _NOTHING


class _Facts(msgspec.Struct):
    job_class: msgspec.Raw = _NOTHING
    arguments: msgspec.Raw = _NOTHING


_read_custom = msgspec.json.Decoder(_Custom).decode
_read_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_facts = msgspec.json.Decoder(_Facts).decode
_read_text = msgspec.json.Decoder(str).decode


def name_of(jobtype: str, payload: bytes) -> str:
    """Return the name of a job of this type; ``payload`` is its stored JSON."""
    if jobtype != WRAPPER:
        return jobtype
    members = lenient.fields(payload)
    return wrapped_name(members.get("custom"), members.get("args"))


def wrapped_name(custom: bytes | None, args: bytes | None) -> str:
    """Return the name of an ActiveJob job; ``custom`` and ``args`` are JSON, if it has them.

    Fast, however long they are: megabytes are not examined.
    """
    wrapped = _text(_wrapped(custom))
    if wrapped and wrapped not in _MAILERS:
        return wrapped
    facts = _facts(args)
    wrapped = wrapped or _text(facts.job_class, _CLASS)
    if wrapped in _MAILERS:
        return _mail(facts.arguments) or wrapped
    return wrapped or WRAPPER


def own_type(payload: bytes) -> object:
    """Return the type that a stored job was pushed with; ``None`` if it cannot be determined."""
    return lenient.value(lenient.fields(payload).get("jobtype"))


def _wrapped(custom: bytes | None) -> msgspec.Raw:
    try:
        return _read_custom(custom).wrapped if custom and len(custom) <= AT_ONCE else _NOTHING
    except _ODD:
        return _NOTHING


def _facts(args: bytes | None) -> _Facts:
    try:
        given = _read_list(args) if args and len(args) <= AT_ONCE else ()
        return _read_facts(given[0]) if given else _Facts()
    except _ODD:
        return _Facts()


def _mail(arguments: msgspec.Raw) -> str:
    try:
        mailer, method, *_ = _read_list(arguments)
    except _ODD:
        return ""
    names = _text(mailer, _CLASS), _text(method, _METHOD)
    return "#".join(names) if all(names) else ""


def _text(raw: msgspec.Raw, form: Callable[[str], object] | None = None) -> str:
    """Return a string, if it is one and has the requested form of a name; else ``""``."""
    try:
        text = _read_text(raw)
    except _ODD:
        return ""
    return text if form is None or (len(text) <= _LONGEST and form(text)) else ""
