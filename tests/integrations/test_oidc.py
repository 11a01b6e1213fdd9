"""Signing in at a provider: the good way, and everything that a hostile one says."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

import pytest
from aiohttp import web
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from structlog.testing import capture_logs

from glasshouse.integrations.oidc import Oidc, OidcPerson, OidcSettings
from glasshouse.integrations.oidc_claims import claim
from glasshouse.integrations.oidc_http import MOST_BYTES
from glasshouse.integrations.oidc_keys import MOST_KEYS
from glasshouse.integrations.oidc_refusals import OidcRefusedError, Refused
from glasshouse.settings import Secret
from tests.steady import LONG

from .issuer import CLIENT, NOW, SECRET, Issuer

ENTROPY = bytes(range(96))
REDIRECT = "http://localhost/sign-in/oidc/callback"


@contextlib.asynccontextmanager
async def trusting(issuer: Issuer, *, seconds: float = LONG, **more: object) -> AsyncIterator[Oidc]:
    async with issuer.running():
        values = {
            "issuer": issuer.url,
            "client_id": CLIENT,
            "client_secret": Secret(SECRET),
            "redirect_uri": REDIRECT,
        }
        oidc = Oidc(OidcSettings(**(values | more)), seconds=seconds)  # type: ignore[arg-type]
        try:
            yield oidc
        finally:
            await oidc.close()


async def signed_in(oidc: Oidc, issuer: Issuer, **changed: str) -> OidcPerson:
    url, begun = await oidc.begin(ENTROPY)
    return await oidc.finish(begun, issuer.authorize(url) | changed, NOW)


@contextlib.contextmanager
def refused(why: Refused, issuer: Issuer) -> Iterator[None]:
    """Within, a sign-in is refused for this reason, and nothing secret is told."""
    with capture_logs() as logs, pytest.raises(OidcRefusedError) as caught:
        yield
    assert caught.value.why is why
    assert caught.value.remedy
    told = f"{caught.value!r} {caught.value.detail} {caught.value.remedy} {logs}"
    assert caught.value.__cause__ is None
    for word in (
        SECRET,
        "acc3ss",
        "c0de-",
        base64.urlsafe_b64encode(ENTROPY[:32]).decode()[:20],
        "eyJ",
    ):
        assert word not in told


async def test_who_signs_in_there_is_known_here_by_name_and_groups() -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        person = await signed_in(oidc, issuer)
        assert person == OidcPerson(subject="subject-1", name="jane", groups=("platform", "dev"))
        pair = f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}"
        assert issuer.credentials == ["Basic " + base64.b64encode(pair.encode()).decode()]
        url, begun = await oidc.begin(ENTROPY)
        query = parse_qs(urlsplit(url).query)
        assert query["redirect_uri"] == [REDIRECT]
        assert query["scope"] == ["openid profile email groups"]
        assert begun.verifier not in url
        assert len({begun.state, begun.nonce, begun.verifier}) == 3
        assert issuer.asked.count("discovery") == issuer.asked.count("keys") == 1


async def test_a_public_client_and_one_that_posts_its_secret() -> None:
    issuer = Issuer()
    async with trusting(issuer, client_secret=None) as oidc:
        await signed_in(oidc, issuer)
        assert issuer.credentials == [CLIENT]
    issuer = Issuer()
    issuer.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    async with trusting(issuer) as oidc:
        await signed_in(oidc, issuer)
        assert issuer.credentials == [CLIENT]


@pytest.mark.parametrize(
    ("claims", "name", "groups", "odd"),
    [
        ({"groups": "platform"}, "jane", ("platform",), []),
        ({"groups": "platform, dev"}, "jane", ("platform, dev",), []),
        ({"groups": ""}, "jane", (), []),
        ({"groups": []}, "jane", (), []),
        ({"preferred_username": ""}, "subject-1", ("platform", "dev"), ["name of another form"]),
        ({"preferred_username": 7, "groups": 7}, "subject-1", (),
         ["name of another form", "groups of another form"]),
        ({"groups": {"a": 1}}, "jane", (), ["groups of another form"]),
        ({"groups": True}, "jane", (), ["groups of another form"]),
        ({"groups": ["a", 1, None, "b", ["c"]]}, "jane", ("a", "b"), ["groups of another form"]),
        ({"groups": ["a\nb", "c"]}, "jane", ("c",), ["groups of another form"]),
        ({"groups": None}, "jane", (), ["groups absent"]),
        ({"groups": [str(number) for number in range(900)]}, "jane", 500,
         ["groups of too many values"]),
        ({"aud": [CLIENT, "other"], "azp": CLIENT}, "jane", ("platform", "dev"), []),
        ({"iat": NOW - 59, "exp": NOW - 59}, "jane", ("platform", "dev"), []),
        ({"iat": NOW + 60, "nbf": NOW + 60}, "jane", ("platform", "dev"), []),
    ],
)  # fmt: skip
async def test_odd_claims_that_do_no_harm(
    claims: dict[str, object], name: str, groups: tuple[str, ...] | int, odd: list[str]
) -> None:
    issuer = Issuer()
    issuer.claims = claims
    async with trusting(issuer) as oidc:
        person = await signed_in(oidc, issuer)
        assert person.name == name
        assert person.groups == groups or len(person.groups) == groups
        told = [str(one).replace("preferred_username", "name") for one in person.odd]
        assert told == odd


async def test_claims_that_are_not_there_are_told() -> None:
    issuer = Issuer()
    issuer.left_out = ("groups", "preferred_username")
    async with trusting(issuer) as oidc:
        person = await signed_in(oidc, issuer)
        assert (person.name, person.groups) == ("subject-1", ())
        assert list(map(str, person.odd)) == ["preferred_username absent", "groups absent"]


NESTED = {
    "realm_access": {"roles": ["ops", "dev"]},
    "resource_access": {"our.app": {"roles": "one"}, "our": {"app": {"roles": 7}}},
    "https://example.com/groups": ["dotted"],
    "a.b": 1,
    "a": {"b": 2, "c": None},
    "x": "text",
    "list": [{"roles": "no"}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("realm_access.roles", ["ops", "dev"]),
        ("resource_access.our.app.roles", "one"),
        ("https://example.com/groups", ["dotted"]),
        ("a.b", 1),
        ("a.c", None),
        ("a.d", None),
        ("x.y", None),
        ("list.roles", None),
        ("list.0.roles", None),
        ("realm_access", {"roles": ["ops", "dev"]}),
        ("realm_access.", None),
        (".roles", None),
        ("", None),
        (".".join("a" * 5000), None),
    ],
)
def test_a_claim_is_found_by_its_path(path: str, found: object) -> None:
    assert claim(NESTED, path) == found


async def test_names_and_groups_may_lie_within_other_claims() -> None:
    issuer = Issuer()
    issuer.claims = NESTED | {"who": {"name": "joan"}}
    groups, name = "realm_access.roles", "who.name"
    async with trusting(issuer, groups_claim=groups, name_claim=name) as oidc:
        person = await signed_in(oidc, issuer)
        assert person == OidcPerson(subject="subject-1", name="joan", groups=("ops", "dev"))


async def test_what_the_token_lacks_is_asked_for_and_only_then() -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        issuer.knowing(groups=["more"], preferred_username="joan")
        assert (await signed_in(oidc, issuer)).groups == ("platform", "dev")
        assert "userinfo" not in issuer.asked
        issuer.left_out = ("groups",)
        person = await signed_in(oidc, issuer)
        # What was signed counts first.
        assert (person.name, person.groups, person.odd) == ("jane", ("more",), ())
        assert issuer.asked.count("userinfo") == 1
        issuer.left_out = ("preferred_username",)
        person = await signed_in(oidc, issuer)
        assert (person.name, person.groups) == ("joan", ("platform", "dev"))
        issuer.left_out = ("groups",)
        issuer.knowing()
        person = await signed_in(oidc, issuer)
        assert (person.groups, list(map(str, person.odd))) == ((), ["groups absent"])


async def test_a_signed_answer_about_somebody_is_verified() -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        issuer.knowing()
        issuer.claims = {"groups": ["signed"]}
        issuer.userinfo = issuer.signed("any")
        issuer.claims, issuer.left_out = {}, ("groups",)
        assert (await signed_in(oidc, issuer)).groups == ("signed",)
        head, body, seal = str(issuer.userinfo).split(".")
        issuer.userinfo = f"{head}.{body}.{seal[:-8]}{seal[-8:].swapcase()}"
        with refused(Refused.BAD_SIGNATURE, issuer):
            await signed_in(oidc, issuer)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"groups": ["admin"]}, Refused.OTHER_PERSON),
        ({"sub": "subject-2", "groups": ["admin"]}, Refused.OTHER_PERSON),
        ("words", Refused.BAD_ANSWER),
        (500, Refused.UNREACHABLE),
        (302, Refused.UNREACHABLE),
    ],
)
async def test_who_cannot_be_asked_for_is_not_let_in_with_less(
    answer: dict[str, object] | str | int, why: Refused
) -> None:
    """A group may take rights away as well: nobody is let in because some could not be read."""
    issuer = Issuer()
    issuer.left_out = ("groups",)
    async with trusting(issuer) as oidc:
        issuer.knowing()
        issuer.userinfo = answer
        with refused(why, issuer):
            await signed_in(oidc, issuer)


async def test_an_access_token_goes_only_where_nobody_else_reads_it() -> None:
    issuer = Issuer()
    issuer.left_out = ("groups",)
    async with trusting(issuer) as oidc:
        issuer.knowing()
        issuer.access = "one\r\nx-more: two"
        with refused(Refused.BAD_ANSWER, issuer):
            await signed_in(oidc, issuer)
    issuer = Issuer()
    issuer.left_out, issuer.access = ("groups",), "acc3ss"
    issuer.discovery = {"userinfo_endpoint": "http://evil.example/userinfo"}
    async with trusting(issuer) as oidc:
        with refused(Refused.BAD_ANSWER, issuer):
            await signed_in(oidc, issuer)


@pytest.mark.parametrize(
    ("client", "secret"),
    [
        ("a:b", "c:d"),
        ("glass house", "100% + é/?&=~*"),
        ("urn:app:1", "%41+b c"),
    ],
)
async def test_a_client_and_its_secret_are_form_encoded_in_basic(client: str, secret: str) -> None:
    issuer = Issuer()
    async with trusting(issuer, client_id=client, client_secret=Secret(secret)) as oidc:
        issuer.claims = {"aud": client}
        await signed_in(oidc, issuer)
        (told,) = issuer.credentials
        pair = base64.b64decode(told.removeprefix("Basic ")).decode("ascii")
        assert [unquote_plus(part) for part in pair.split(":")] == [client, secret]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, Refused.WRONG_ISSUER),
        ({"iss": None}, Refused.WRONG_ISSUER),
        ({"aud": "another"}, Refused.WRONG_AUDIENCE),
        ({"aud": ["another"]}, Refused.WRONG_AUDIENCE),
        ({"aud": [CLIENT, "another"]}, Refused.WRONG_AUDIENCE),
        ({"aud": [CLIENT, "another"], "azp": "another"}, Refused.WRONG_AUDIENCE),
        ({"azp": "another"}, Refused.WRONG_AUDIENCE),
        ({"aud": None}, Refused.WRONG_AUDIENCE),
        ({"aud": CLIENT + "x"}, Refused.WRONG_AUDIENCE),
        ({"nonce": "another"}, Refused.WRONG_NONCE),
        ({"nonce": None}, Refused.WRONG_NONCE),
        ({"exp": NOW - 60}, Refused.EXPIRED),
        ({"iat": NOW - 4000}, Refused.EXPIRED),
        ({"iat": NOW + 61}, Refused.NOT_YET),
        ({"nbf": NOW + 61}, Refused.NOT_YET),
        ({"exp": "tomorrow"}, Refused.BAD_TOKEN),
        ({"exp": True}, Refused.BAD_TOKEN),
        ({"iat": None}, Refused.BAD_TOKEN),
        ({"sub": ""}, Refused.BAD_TOKEN),
        ({"sub": 7}, Refused.BAD_TOKEN),
        ({"preferred_username": "x" * 300}, Refused.BAD_TOKEN),
        ({"preferred_username": "a\nb"}, Refused.BAD_TOKEN),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    claims: dict[str, object], why: Refused
) -> None:
    issuer = Issuer()
    issuer.claims = claims
    async with trusting(issuer) as oidc:
        with refused(why, issuer):
            await signed_in(oidc, issuer)


@pytest.mark.parametrize("name", ["iss", "aud", "nonce", "exp", "iat", "sub"])
async def test_a_token_without_a_claim_is_refused(name: str) -> None:
    issuer = Issuer()
    issuer.left_out = (name,)
    async with trusting(issuer) as oidc:
        with pytest.raises(OidcRefusedError) as caught:
            await signed_in(oidc, issuer)
        assert caught.value.claim == name


def _none(issuer: Issuer) -> None:
    issuer.header = {"alg": "none"}


def _by_the_secret(issuer: Issuer) -> None:
    issuer.header, issuer.signer = {"alg": "HS256", "kid": "one"}, OctKey.import_key(SECRET)


def _by_the_public_key(issuer: Issuer) -> None:
    """As an attacker makes it: the library refuses to take a public key for a secret."""
    signed = issuer.signed("any").split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one"}').rstrip(b"=")
    text = head + b"." + signed[1].encode()
    seal = hmac.digest(issuer.key.as_pem(private=False), text, "sha256")
    issuer.token = (text + b"." + base64.urlsafe_b64encode(seal).rstrip(b"=")).decode()


def _another_algorithm(issuer: Issuer) -> None:
    issuer.header = {"alg": "PS256", "kid": "one"}


def _another_key(issuer: Issuer) -> None:
    issuer.signer = RSAKey.generate_key(2048)


def _unknown_key(issuer: Issuer) -> None:
    issuer.header = {"alg": "RS256", "kid": "two"}
    issuer.signer = RSAKey.generate_key(2048)


def _no_token(issuer: Issuer) -> None:
    issuer.token = "not.a.token"


def _words(issuer: Issuer) -> None:
    issuer.token = "words"


def _unsigned(issuer: Issuer) -> None:
    issuer.token = ".".join([*issuer.signed("n").split(".")[:2], ""])


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (_none, Refused.WRONG_ALGORITHM),
        (_by_the_secret, Refused.WRONG_ALGORITHM),
        (_by_the_public_key, Refused.WRONG_ALGORITHM),
        (_another_algorithm, Refused.WRONG_ALGORITHM),
        (_another_key, Refused.BAD_SIGNATURE),
        (_unknown_key, Refused.BAD_SIGNATURE),
        (_unsigned, Refused.BAD_SIGNATURE),
        (_no_token, Refused.BAD_TOKEN),
        (_words, Refused.BAD_TOKEN),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_token_that_the_provider_did_not_sign_is_refused(
    turn: Callable[[Issuer], None], why: Refused
) -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        turn(issuer)
        with refused(why, issuer):
            await signed_in(oidc, issuer)


ODD_HEADERS: list[dict[str, object]] = [
    {"tenant": "north"},
    {"tenant": {"id": 7}, "https://example.com/x": None, "": []},
    {"tenant": "n" * 3000},
    {"jku": "https://evil.example/keys", "x5u": "https://evil.example/pem"},
    {"x5c": ["MIIC" + "A" * 2000] * 3, "x5t": "aGFuZA", "x5t#S256": "aGFuZA"},
    {"crit": ["b64"], "b64": True},
]


@pytest.mark.parametrize("more", ODD_HEADERS)
async def test_what_a_header_has_beside_is_ignored(more: dict[str, object]) -> None:
    """RFC 7515 §4: the provider may write into it what it likes."""
    issuer = Issuer()
    issuer.header |= more
    async with trusting(issuer) as oidc:
        assert (await signed_in(oidc, issuer)).name == "jane"
    assert issuer.asked == ["discovery", "token", "keys"]


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["tenant"], "tenant": "north"},
        {"crit": ["b64", "tenant"], "b64": True, "tenant": "north"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["tenant"]},
        {"crit": "tenant", "tenant": "north"},
        {"crit": {"tenant": 1}, "tenant": "north"},
        {"crit": [["tenant"]], "tenant": "north"},
        {"crit": [7]},
        {"crit": 7},
        {"crit": None},
    ],
)
async def test_what_a_header_says_has_to_be_understood_is_not_ignored(
    more: dict[str, object],
) -> None:
    """RFC 7515 §4.1.11."""
    issuer = Issuer()
    issuer.header |= more
    async with trusting(issuer) as oidc:
        with refused(Refused.BAD_SIGNATURE, issuer):
            await signed_in(oidc, issuer)


@pytest.mark.parametrize("kid", [None, "one", "two"])
async def test_a_key_that_a_token_brings_along_or_leads_to_is_never_used(kid: str | None) -> None:
    issuer = Issuer()
    issuer.signer = RSAKey.generate_key(2048)
    public = issuer.signer.as_dict(private=False)
    issuer.header |= {
        "kid": kid,
        "jwk": public | {"kid": kid or "one", "use": "sig"},
        "x5c": [base64.b64encode(issuer.signer.as_der(private=False)).decode()],
    }
    if kid is None:
        del issuer.header["kid"]
    async with trusting(issuer) as oidc:
        issuer.header |= {"jku": issuer.url + "/evil", "x5u": issuer.url + "/evil"}
        with refused(Refused.BAD_SIGNATURE, issuer):
            await signed_in(oidc, issuer)
        assert issuer.asked == ["discovery", "token", "keys"]


@pytest.mark.parametrize(
    "header",
    [
        ["alg"],
        "alg",
        7,
        None,
        {"alg": "RS256", "kid": ["one"]},
        {"alg": "RS256", "kid": {}},
        {"alg": "RS256", "kid": 7},
    ],
)
async def test_a_header_that_is_none_is_no_token(header: object) -> None:
    issuer = Issuer()
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    async with trusting(issuer) as oidc:
        issuer.token = ".".join([head, *issuer.signed("any").split(".")[1:]])
        with refused(Refused.BAD_TOKEN, issuer):
            await signed_in(oidc, issuer)


def _whole() -> dict[str, object]:
    """A key that is as it should be, with an id that nothing signs by."""
    return dict(RSAKey.generate_key(2048, parameters={"kid": "odd"}).as_dict(private=False))


ODD_KEYS: dict[str, Callable[[], object]] = {
    "of an unknown kind": lambda: {"kty": "AKP", "kid": "odd", "alg": "ML-DSA-44", "pub": "AAAA"},
    "on an unknown curve": lambda: {
        "kty": "EC", "kid": "odd", "crv": "brainpoolP256r1", "x": "AA", "y": "AA"},
    "not on its curve": lambda: {"kty": "EC", "kid": "odd", "crv": "P-256", "x": "AQ", "y": "AQ"},
    "on an unknown curve of the other kind": lambda: {"kty": "OKP", "crv": "Ed1", "x": "AAAA"},
    "for another use": lambda: _whole() | {"use": "attest"},
    "for no use": lambda: _whole() | {"use": None},
    "for other operations": lambda: _whole() | {"key_ops": ["attest"]},
    "with operations of another form": lambda: _whole() | {"key_ops": "verify"},
    "a secret": lambda: {"kty": "oct", "kid": "odd", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTIzNA"},
    "without a kind": lambda: {"kid": "odd"},
    "of several kinds": lambda: {"kty": ["RSA"], "kid": "odd"},
    "with an id of another form": lambda: _whole() | {"kid": 7},
    "not base64": lambda: {"kty": "RSA", "kid": "odd", "n": "=\u00e9=", "e": "AQAB"},
    "empty": lambda: {"kty": "RSA", "kid": "odd", "n": "", "e": ""},
    "half": lambda: {"kty": "RSA", "kid": "odd", "n": "AAAA"},
    "words": lambda: "key",
    "a list": lambda: [{"kty": "RSA"}],
    "nothing": lambda: None,
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD_KEYS)
async def test_a_key_that_is_odd_is_passed_over_and_the_others_are_used(odd: str) -> None:
    """RFC 7517 §5."""
    issuer = Issuer()
    issuer.odd_keys = [ODD_KEYS[odd]()]
    async with trusting(issuer) as oidc:
        with capture_logs() as logs:
            await signed_in(oidc, issuer)
            await signed_in(oidc, issuer)
        assert issuer.asked.count("keys") == 1
        (said,) = logs
        assert said == {"event": "keys of the provider were passed over", "log_level": "info",
                        "passed_over": 1, "used": 1}  # fmt: skip
        # It is said once, and then only when there are others.
        url, begun = await oidc.begin(ENTROPY)
        issuer.claims, issuer.header["kid"] = {"iat": NOW + 31, "exp": NOW + 300}, "odd"
        with capture_logs() as logs, pytest.raises(OidcRefusedError):
            await oidc.finish(begun, issuer.authorize(url), NOW + 31)
        assert (issuer.asked.count("keys"), logs) == (2, [])


@pytest.mark.parametrize(
    "more",
    [
        {"x5u": "", "x5t": None, "x5c": None, "alg": None},
        {"x5c": "MIIC"},
        {"use": "sig", "key_ops": ["verify", "attest"]},
        {"issued": {"by": "hand"}},
    ],
)
async def test_what_a_key_has_beside_is_ignored(more: dict[str, object]) -> None:
    issuer = Issuer()
    issuer.known, issuer.odd_keys = [], [dict(issuer.key.as_dict(private=False)) | more]
    async with trusting(issuer) as oidc:
        assert (await signed_in(oidc, issuer)).name == "jane"


@pytest.mark.parametrize("more", [{"use": "enc"}, {"use": ""}, {"key_ops": ["encrypt"]},
                                  {"alg": "RSA-OAEP"}])  # fmt: skip
async def test_a_key_for_something_else_checks_no_signature(more: dict[str, object]) -> None:
    issuer = Issuer()
    other = RSAKey.generate_key(2048, parameters={"kid": "two"}, auto_kid=False)
    issuer.odd_keys = [dict(other.as_dict(private=False)) | more]
    issuer.header["kid"], issuer.signer = "two", other
    async with trusting(issuer) as oidc:
        with refused(Refused.BAD_SIGNATURE, issuer):
            await signed_in(oidc, issuer)


async def test_a_secret_that_is_published_signs_nothing() -> None:
    issuer = Issuer()
    issuer.signer = OctKey.generate_key(256, parameters={"kid": "two"}, auto_kid=False)
    issuer.odd_keys = [dict(issuer.signer.as_dict(private=True))]
    issuer.header = {"alg": "HS256", "kid": "two"}
    async with trusting(issuer) as oidc:
        with refused(Refused.WRONG_ALGORITHM, issuer):
            await signed_in(oidc, issuer)
    # Settings do not take that algorithm; were it there, the key would not be.
    async with trusting(issuer, algorithms=("HS256",)) as oidc:
        with refused(Refused.BAD_SIGNATURE, issuer):
            await signed_in(oidc, issuer)


@pytest.mark.parametrize("known", ["nothing", "odd ones"])
async def test_a_provider_without_a_key_that_can_be_used_signs_nobody_in(known: str) -> None:
    issuer = Issuer()
    issuer.known = []
    issuer.odd_keys = [] if known == "nothing" else [make() for make in ODD_KEYS.values()]
    async with trusting(issuer) as oidc:
        with refused(Refused.BAD_ANSWER, issuer):
            await signed_in(oidc, issuer)
        with refused(Refused.BAD_ANSWER, issuer):
            await oidc.keys(NOW)


async def test_keys_of_several_kinds_may_have_one_id() -> None:
    issuer = Issuer()
    point = ECKey.generate_key("P-256", {"kid": "one"}, auto_kid=False)
    agreeing = OKPKey.generate_key("X25519", {"kid": "one"}, auto_kid=False)
    odd = [dict(key.as_dict(private=False)) for key in (point, agreeing)]
    issuer.odd_keys = odd
    async with trusting(issuer) as oidc:
        assert (await signed_in(oidc, issuer)).name == "jane"
        assert (await oidc.keys(NOW)).passed_over == 1
    issuer.known, issuer.odd_keys = [*issuer.known, point], odd[1:]
    issuer.header["alg"], issuer.signer = "ES256", point
    async with trusting(issuer, algorithms=("RS256", "ES256")) as oidc:
        assert (await signed_in(oidc, issuer)).name == "jane"
    async with trusting(issuer) as oidc:
        with refused(Refused.WRONG_ALGORITHM, issuer):
            await signed_in(oidc, issuer)


async def test_so_many_keys_are_read_and_no_more() -> None:
    issuer = Issuer()
    issuer.odd_keys = [{"kty": "AKP"}] * (MOST_KEYS - 1)
    async with trusting(issuer) as oidc:
        assert (await signed_in(oidc, issuer)).name == "jane"
    issuer.odd_keys.append({"kty": "AKP"})
    async with trusting(issuer) as oidc:
        with refused(Refused.BAD_ANSWER, issuer):
            await signed_in(oidc, issuer)


@pytest.mark.parametrize(
    ("claims", "name", "groups"),
    [
        ({"name": "Jane \ud83d"}, "jane", ("platform", "dev")),
        ({"groups": ["a\ud83d", "b", "\ude00c", "d\U0001f600", "e\\ud83d"]}, "jane",
         ("b", "d\U0001f600", "e\\ud83d")),
        ({"groups": "a\ud83d"}, "jane", ()),
    ],
)  # fmt: skip
async def test_a_text_that_was_cut_within_a_character_costs_itself_alone(
    claims: dict[str, object], name: str, groups: tuple[str, ...]
) -> None:
    """As JavaScript cuts them, and writes them (RFC 8259 §8.2)."""
    issuer = Issuer()
    issuer.claims = claims
    issuer.discovery = {"service_documentation": "cut \ud83d"}
    async with trusting(issuer) as oidc:
        person = await signed_in(oidc, issuer)
        assert (person.name, person.groups) == (name, groups)
        assert len(person.odd) == ("groups" in claims)


@pytest.mark.parametrize("claims", [{"sub": "a\ud83d"}, {"preferred_username": "jane\ud83d"},
                                    {"nonce": "\ud83d"}, {"iss": "\ud83d"}])  # fmt: skip
async def test_nobody_is_who_has_half_a_character_in_the_name(claims: dict[str, object]) -> None:
    issuer = Issuer()
    issuer.claims = claims
    async with trusting(issuer) as oidc:
        with pytest.raises(OidcRefusedError):
            await signed_in(oidc, issuer)


async def test_a_new_key_is_fetched_once_it_is_used() -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        await signed_in(oidc, issuer)
        new = RSAKey.generate_key(2048, parameters={"kid": "two"}, auto_kid=False)
        issuer.known, issuer.signer = [new], new
        issuer.header = {"alg": "RS256", "kid": "two"}
        with refused(Refused.BAD_SIGNATURE, issuer):
            await signed_in(oidc, issuer)
        assert issuer.asked.count("keys") == 1
        url, begun = await oidc.begin(ENTROPY)
        issuer.claims = {"iat": NOW + 31, "exp": NOW + 300}
        await oidc.finish(begun, issuer.authorize(url), NOW + 31)
        assert issuer.asked.count("keys") == 2


async def test_a_code_is_good_once() -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        url, begun = await oidc.begin(ENTROPY)
        answer = issuer.authorize(url)
        await oidc.finish(begun, answer, NOW)
        with refused(Refused.CODE_REFUSED, issuer):
            await oidc.finish(begun, answer, NOW)


async def test_a_code_of_another_sign_in_is_refused() -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        url, _ = await oidc.begin(bytes(96))
        stolen = issuer.authorize(url)
        with refused(Refused.CODE_REFUSED, issuer):
            await signed_in(oidc, issuer, code=stolen["code"])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"state": "another"}, Refused.WRONG_STATE),
        ({"state": ""}, Refused.WRONG_STATE),
        ({"state": "é"}, Refused.WRONG_STATE),
        ({"iss": "https://evil.example"}, Refused.WRONG_ISSUER),
        ({"error": "access_denied"}, Refused.DENIED),
        ({"error": "server_error"}, Refused.PROVIDER_ERROR),
        ({"code": ""}, Refused.PROVIDER_ERROR),
    ],
)
async def test_a_wrong_answer_in_the_address_is_refused(
    changed: dict[str, str], why: Refused
) -> None:
    issuer = Issuer()
    async with trusting(issuer) as oidc:
        with refused(why, issuer):
            await signed_in(oidc, issuer, **changed)
        assert "token" not in issuer.asked


async def test_a_provider_that_names_itself_has_to() -> None:
    issuer = Issuer()
    issuer.discovery = {"authorization_response_iss_parameter_supported": True}
    async with trusting(issuer) as oidc:
        with refused(Refused.WRONG_ISSUER, issuer):
            await signed_in(oidc, issuer)
        assert (await signed_in(oidc, issuer, iss=issuer.url)).name == "jane"


@pytest.mark.parametrize(
    ("discovery", "why"),
    [
        ({"issuer": "https://evil.example"}, Refused.WRONG_ISSUER),
        ({"issuer": 7}, Refused.BAD_ANSWER),
        ({"token_endpoint": "http://evil.example/token"}, Refused.BAD_ANSWER),
        ({"authorization_endpoint": "javascript:alert(1)"}, Refused.BAD_ANSWER),
        ({"jwks_uri": "http://10.0.0.1/keys"}, Refused.BAD_ANSWER),
        ({"jwks_uri": "ftp://127.0.0.1/keys"}, Refused.BAD_ANSWER),
        ({"jwks_uri": "http://[::1"}, Refused.BAD_ANSWER),
        ({"jwks_uri": None}, Refused.BAD_ANSWER),
        ({"userinfo_endpoint": 7}, Refused.BAD_ANSWER),
        ({"authorization_response_iss_parameter_supported": "true"}, Refused.BAD_ANSWER),
    ],
)
async def test_a_wrong_discovery_is_refused(discovery: dict[str, object], why: Refused) -> None:
    issuer = Issuer()
    issuer.discovery = discovery
    async with trusting(issuer) as oidc:
        with refused(why, issuer):
            await oidc.begin(ENTROPY)


@pytest.mark.parametrize(
    ("discovery", "claims", "scopes"),
    [
        ({"claims_supported": None, "scopes_supported": None}, None, None),
        ({"claims_supported": ["sub", None, 7, "groups"], "scopes_supported": [{}, "openid"]},
         ("sub", "groups"), ("openid",)),
        ({"claims_supported": "sub groups", "scopes_supported": {"openid": 1}}, None, None),
        ({"token_endpoint_auth_methods_supported": None, "userinfo_endpoint": None,
          "authorization_response_iss_parameter_supported": None}, None, None),
        ({"token_endpoint_auth_methods_supported": [None, "client_secret_basic"]}, None, None),
        ({"token_endpoint_auth_methods_supported": "client_secret_basic"}, None, None),
    ],
)  # fmt: skip
async def test_what_a_discovery_only_says_may_be_odd(
    discovery: dict[str, object],
    claims: tuple[str, ...] | None,
    scopes: tuple[str, ...] | None,
) -> None:
    issuer = Issuer()
    issuer.discovery = discovery
    async with trusting(issuer) as oidc:
        assert (await signed_in(oidc, issuer)).name == "jane"
        assert issuer.credentials[0].startswith("Basic ")
        provider = await oidc.provider()
        assert (provider.claims, provider.scopes) == (claims, scopes)


def _moved(_: str) -> web.Response:
    return web.Response(status=302, headers={"location": "http://127.0.0.1:1/"})


def _huge(_: str) -> web.Response:
    return web.Response(body=b"[" * (MOST_BYTES + 1))


def _words_only(_: str) -> web.Response:
    return web.Response(text="id_token=eyJ")


def _nothing(_: str) -> web.Response:
    return web.json_response({"access_token": "x"})


def _broken(_: str) -> web.Response:
    return web.Response(status=500)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_moved, Refused.UNREACHABLE),
        (_huge, Refused.BAD_ANSWER),
        (_words_only, Refused.BAD_ANSWER),
        (_nothing, Refused.BAD_ANSWER),
        (_broken, Refused.UNREACHABLE),
    ],
)
async def test_an_answer_that_is_none_is_refused(
    answer: Callable[[str], web.Response], why: Refused
) -> None:
    issuer = Issuer()
    issuer.answer = answer
    async with trusting(issuer) as oidc:
        with refused(why, issuer):
            await signed_in(oidc, issuer)


async def test_a_provider_that_does_not_answer_is_waited_for_so_long() -> None:
    issuer = Issuer()
    issuer.slow.clear()
    async with trusting(issuer, seconds=0.05) as oidc:
        with refused(Refused.UNREACHABLE, issuer):
            await oidc.begin(ENTROPY)
    gone = OidcSettings(
        issuer="http://127.0.0.1:1", client_id=CLIENT, client_secret=None, redirect_uri=REDIRECT
    )
    oidc = Oidc(gone)
    with refused(Refused.UNREACHABLE, issuer):
        await oidc.begin(ENTROPY)
    await oidc.close()


async def test_what_is_begun_needs_what_is_drawn() -> None:
    async with trusting(Issuer()) as oidc:
        with pytest.raises(ValueError, match="random bytes"):
            await oidc.begin(b"short")
