"""Parse a form or JSON into an operation request; anything else is refused."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.model.operation import Operation
from glasshouse.model.request import NAMES, OperationRequest, decode_order
from glasshouse.web.http import bodies
from glasshouse.web.request.change import Change

PARAMETER = "parameter."
_ON_JOBS = frozenset(str(name) for name, naming in NAMES.items() if naming.jobs)
_LISTS = frozenset({"jids", "keys"})
_TEXTS = frozenset({"operation", "queue", "set", "query", "job", "worker", "reason", "preview"})


def order_of_json(change: Change) -> OperationRequest:
    """Return the operation request in a JSON body.

    Raises:
        InvalidError: it is not one.
    """
    bodies.require_json(change.headers.get("content-type", ""))
    try:
        return decode_order(change.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _no_order(error) from None


def order_of_form(fields: Mapping[str, Sequence[str]]) -> OperationRequest:
    """Return the operation request in a form; each ticked box is a value of its field.

    With ``all`` the search words count, not the boxes.

    Raises:
        InvalidError: it is not one.
    """
    members: dict[str, object] = {}
    parameters: dict[str, float] = {}
    for name, values in fields.items():
        if name in _LISTS:
            members[name] = values
            continue
        _check_field(name, values)
        if name.startswith(PARAMETER) and values[0].strip():
            parameters[name.removeprefix(PARAMETER)] = number_in(values[0])
        elif name in _TEXTS:
            members[name] = values[0]
        elif name == "record":
            members[name] = number_in(values[0])
    if parameters:
        members["parameters"] = parameters
    for name in _LISTS if "all" in fields else ("query",):
        members.pop(name, None)
    _check_picked(members)
    return _order(members)


def _order(fields: dict[str, object]) -> OperationRequest:
    if isinstance(job := fields.get("job"), str):
        fields["job"] = with_jid(job)
    try:
        return msgspec.convert(fields, OperationRequest)
    except msgspec.MsgspecError as error:
        raise _no_order(error) from None


def with_jid(text: str) -> str:
    """Return the text of a job, with a new id if it has none; a non-object is returned as it is.

    Raises:
        InvalidError: it is not JSON; the message says where.
    """
    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        _check_json(text)
        return text
    if "jid" in members:
        return text
    jid = msgspec.Raw(msgspec.json.encode(secrets.token_hex(12)))
    return msgspec.json.encode({"jid": jid, **members}).decode()


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        what, line, column = error.msg.lower(), error.lineno, error.colno
        raise InvalidError(
            f"The job is not valid JSON: {what} (line {line}, character {column}).",
            remedy="Correct it there and try again; nothing was done.",
        ) from None
    except (ValueError, RecursionError):
        # Numbers or nesting beyond what is read here: the control reports what is wrong with them.
        return


def _check_picked(fields: Mapping[str, object]) -> None:
    operation = fields.get("operation")
    if operation == Operation.SERVER_CONFIGURE and "parameters" not in fields:
        raise InvalidError("Nothing is filled in.", remedy="Fill in the values to change.")
    if not isinstance(operation, str) or operation not in _ON_JOBS:
        return
    if not any(name in fields for name in (*_LISTS, "query", "record")):
        raise InvalidError("Nothing is selected.", remedy="Select the jobs and try again.")


def _check_field(name: str, values: Sequence[str]) -> None:
    if len(values) != 1 or not _takes(name):
        raise InvalidError(f"The form has an unknown field {name[:40]!r}.", remedy="Reload it.")


def _takes(name: str) -> bool:
    return name in _TEXTS or name in {"all", "record"} or name.startswith(PARAMETER)


def number_in(text: str) -> float:
    """Return the number written in a field; raises ``InvalidError``."""
    try:
        number = float(text)
    except ValueError:
        raise InvalidError(f"{text[:40]!r} is not a number.", remedy="Enter a number.") from None
    return int(number) if number.is_integer() else number


def _no_order(error: Exception) -> InvalidError:
    return InvalidError(
        f"Invalid operation: {str(error)[:200]}.",
        remedy="See docs/operations.md for what each operation takes.",
    )
