"""What a job is called: its type or, of a job of Rails' ActiveJob, the class that it wraps.

All jobs that ActiveJob pushes have one type, that of its adapter for Faktory. As Faktory's
own pages do since 1.9, such a job goes by ``custom.wrapped``, and one that sends mail by its
mailer and what that is to do; where ``custom`` does not say, by ``job_class`` of its first
argument. Pure and total: a job that does not tell goes by its type.

A name is shown to those who may not see arguments, too. So what of it comes from them is
taken only if it could be the name of a class or a method.
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
    """Return what a job of this type goes by; ``payload`` is its stored JSON."""
    if jobtype != WRAPPER:
        return jobtype
    members = lenient.fields(payload)
    return wrapped_name(members.get("custom"), members.get("args"))


def wrapped_name(custom: bytes | None, args: bytes | None) -> str:
    """Return what a job of ActiveJob goes by; ``custom`` and ``args`` are JSON, if it has them.

    Quick, however long they are: megabytes are not looked into.
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
    """Return the type that a stored job was pushed with; ``None`` where that cannot be told."""
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
    """Return a string, if it is one and has the form of a name that is asked for; else none."""
    try:
        text = _read_text(raw)
    except _ODD:
        return ""
    return text if form is None or (len(text) <= _LONGEST and form(text)) else ""
