"""Text of any characters in names, reasons, searches and forms is answered, on each database."""

from __future__ import annotations

from pathlib import Path

from passlib.hash import apr_md5_crypt

from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage.htpasswd_file import PasswordFile

from .home import living, sign_in, step_up
from .test_scripts import basic, me

ODD = ("\0", "a\0b", "\U0010ffff", "a\U0010ffff\U00100000b", "\ufffe\uffff")
ROLE = RoleTable(inherits="viewer", see=("audit", "trash"), factor_age="none")
RULES = Rules(roles=resolve({"boss": ROLE}), members={"htpasswd:o\0ps": "boss"}, anonymous="viewer")


async def test_no_text_that_somebody_sends_is_a_failure_of_the_database(
    tmp_path: Path, url: str
) -> None:
    file = tmp_path / "htpasswd"
    file.write_text(f"o\0ps:{apr_md5_crypt.hash('one')}\n")
    async with (
        living(tmp_path, url=url, rules=RULES, file=PasswordFile(file)) as home,
        home.browser() as browser,
    ):
        assert (await sign_in(browser, "o\0ps", "one")).status_code == 303
        assert (await me(browser)).json()["name"] == "htpasswd:o\0ps"
        found = await browser.get("/api/v1/audit", params={"actor": "htpasswd:o*"})
        assert found.status_code == 200, found.text
        assert found.json()["total"] >= 1
        for odd in ODD:
            assert (await sign_in(browser, odd, odd)).status_code == 401
            async with home.script(authorization=basic(odd, odd)) as script:
                assert (await me(script)).status_code == 401
            data = {"action": "token-new", "label": odd + "x", "days": "3", "scope": ""}
            assert (await browser.post("/account", data=data)).status_code == 200
            for action in ("token-remove", "session-end", "passkey-remove", "recovery-new"):
                data = {"action": action, "id": odd, "credential": odd}
                assert (await browser.post("/account", data=data)).status_code < 500, action
            data = {"action": "totp-confirm", "pending": odd, "code": odd}
            assert (await browser.post("/account", data=data)).status_code == 400
            assert (await step_up(browser, odd)).status_code in {401, 429}
            for name in ("actor", "event", "q", "text"):
                for sought in (odd, odd + "*"):
                    for path in ("/audit", "/api/v1/audit"):
                        answer = await browser.get(path, params={name: sought})
                        assert answer.status_code < 500, (path, name)
            for path in ("/operations/", "/api/v1/operations/"):
                answer = await browser.get(path + odd.encode().hex())
                assert answer.status_code < 500
        tokens = await home.people.tokens.of("htpasswd:o\0ps")
        assert sorted(token.label for token in tokens) == sorted(odd + "x" for odd in ODD)
