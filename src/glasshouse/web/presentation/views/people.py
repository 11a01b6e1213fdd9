"""What the templates of sign-in and of the account get."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.text.format import Moment


class SignInView(Struct, frozen=True, kw_only=True):
    """``/sign-in``. ``fault`` is why it did not work, ``elsewhere`` where else one can sign in.

    ``lapsed`` means that the session of this browser has ended.
    """

    onward: str
    lapsed: bool
    name: str
    fault: str
    remedy: str
    elsewhere: str


class StepUpView(Struct, frozen=True, kw_only=True):
    """``/step-up``: which second factors can be shown."""

    onward: str
    fault: str
    remedy: str
    codes: bool
    passkeys: bool
    any: bool
    recovery: int


class PermissionRow(Struct, frozen=True, kw_only=True):
    """One operation: the decision about it, and why. ``tone`` as for a verdict."""

    operation: str
    meaning: str
    tone: str
    answer: str
    why: str


class PermissionTable(Struct, frozen=True, kw_only=True):
    """What may be done on one server."""

    server: str
    rows: tuple[PermissionRow, ...]
    sees: tuple[str, ...]


class SessionRow(Struct, frozen=True, kw_only=True):
    """A session of the person."""

    public_id: str
    current: bool
    agent: str
    address: str
    began: Moment | None
    seen: Moment | None


class TokenRow(Struct, frozen=True, kw_only=True):
    """A token of the person."""

    public_id: str
    label: str
    scope: str
    made: Moment | None
    expires: Moment | None
    used: Moment | None


class PasskeyRow(Struct, frozen=True, kw_only=True):
    """A passkey of the person."""

    credential: str
    label: str
    made: Moment | None
    used: Moment | None


class SetUpView(Struct, frozen=True, kw_only=True):
    """A secret for which an authenticator app has yet to show a code; ``image`` is its QR code."""

    pending: str
    secret: str
    image: str


class AccountView(Struct, frozen=True, kw_only=True):
    """``/account``: who the person is, what they may do, and how they sign in.

    ``done`` states what was just done, ``fault`` what could not be. ``token`` and ``codes`` are
    shown only once.
    """

    name: str
    source: str
    roles: tuple[str, ...]
    address: str
    how: str
    proven: Moment | None
    proof_needed: bool
    may: tuple[PermissionTable, ...]
    own_password: bool
    needs_password: bool
    totp: Moment | None
    totp_set: bool
    passkeys: tuple[PasskeyRow, ...]
    recovery: int
    has_factor: bool
    sessions: tuple[SessionRow, ...]
    tokens: tuple[TokenRow, ...]
    set_up: SetUpView | None
    codes: tuple[str, ...]
    token: str
    done: str
    fault: str
    remedy: str
