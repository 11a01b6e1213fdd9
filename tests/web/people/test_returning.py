"""Where somebody was: what leads back from an operation, and what a form keeps after a slip."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.control.shop import Shop, shop

from .test_operations import API, ask, seen

LIST = "/main/dead?q=queue%3Amail&order=reverse&page=1"
COPY = '{"jobtype": "Mail", "queue": "mail", "args": [1]'


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


def slashed(page: str) -> str:
    """Return a page as it reads; in attributes slashes are escaped."""
    return page.replace("&#x2f;", "/")


def up(page: str) -> list[str]:
    """Return where a page leads back to."""
    found = re.findall(r'<a[^>]* rel="up" href="([^"]*)"', page)
    return [html.unescape(link) for link in found]


def box(page: str) -> str:
    """Return the text of the box of a job."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def hidden(page: str, form: str) -> dict[str, str]:
    """Return what the form with this in its head carries along."""
    found = re.search(rf"<form[^>]*{form}[^>]*>(.*?)</form>", slashed(page), re.DOTALL)
    assert found is not None, form
    pairs = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', found[1])
    return {name: html.unescape(value) for name, value in pairs}


async def test_cancel_and_back_lead_to_the_very_page_of_the_list(open_shop: Shop) -> None:
    await open_shop.failed(3, "mail")
    async with open_shop.signed_in() as client:
        page = await seen(client, LIST, 'name="keys"')
        carried = hidden(page, 'id="acts"')
        assert carried["back"] == LIST
        keys = re.findall(r'name="keys" value="([^"]+)"', page)
        shown = await ask(client, operation="job.retry", **carried, keys=keys[0])
        assert up(shown.text) == [LIST]
        agreed = await client.post(
            shown.url.path, data={**hidden(shown.text, 'class="agree"'), "reason": "again"}
        )
        done = await client.get(agreed.headers["location"])
        assert up(done.text) == [LIST]


async def test_it_leads_back_after_a_wrong_code_a_second_factor_and_an_undo(
    open_shop: Shop,
) -> None:
    await open_shop.fill("mail", 2)
    here = "/main/queues/mail?q=mail-0001"
    async with open_shop.signed_in(proven=False) as client:
        shown = await ask(client, operation="queue.clear", queue="mail", back=here)
        step_up = re.search(r'href="(/step-up[^"]*)"', slashed(shown.text))
        assert step_up is not None
        onward = parse_qs(urlsplit(html.unescape(step_up[1])).query)["next"][0]
        assert parse_qs(urlsplit(onward).query)["back"] == [here]
        carried = hidden(shown.text, 'class="agree"')
        wrong = await client.post(shown.url.path, data={**carried, "code": "0", "reason": "x"})
        assert (wrong.status_code, up(wrong.text)) == (401, [here])
        right = {**hidden(wrong.text, 'class="agree"'), "code": open_shop.code(1), "reason": "x"}
        done = await client.get((await client.post(shown.url.path, data=right)).headers["location"])
        undo = await ask(
            client, operation="trash.restore", **hidden(done.text, 'action="/main/operations"')
        )
    assert up(done.text) == up(undo.text) == [here]


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/main", "//elsewhere.example", "/\\elsewhere.example",
        "/sign-out",
        "/other/dead", "/main/live?topic=x", "/main/dead\r\nset-cookie: a=b", "javascript:alert(1)",
        "/main/operations", "/api/v1/servers/main/state", "/main/../audit",
        "/main/dead?" + "q" * 9000,
    ],
)  # fmt: skip
async def test_it_leads_nowhere_but_to_pages_of_the_console(open_shop: Shop, address: str) -> None:
    await open_shop.fill("mail", 1)
    async with open_shop.signed_in() as client:
        asked = {"operation": "queue.pause", "queue": "mail", "back": address}
        shown = await ask(client, **asked)
        read = await client.get(shown.url.path, params={"back": address[:2000]})
    assert up(shown.text) == up(read.text) == ["/main/queues/mail"]


async def test_a_slip_in_a_pushed_job_keeps_the_text_on_the_same_page(open_shop: Shop) -> None:
    (jid,) = await open_shop.failed(1)
    async with open_shop.signed_in() as client:
        for here in (f"/main/jobs/{jid}", "/main/queues/billing?q=charge"):
            page = await seen(client, here, "<textarea")
            carried = hidden(page, 'action="/main/operations"[^>]*')
            assert carried["back"] == here
            answer = await ask(client, operation="job.push", back=here, job=COPY)
            assert answer.status_code == 400
            assert box(answer.text) == COPY
            assert '<details class="panel push" data-kept="push-' in answer.text
            field = re.search(r"<textarea[^>]*>", answer.text)
            assert field is not None
            assert 'autofocus aria-invalid="true" aria-describedby="slip-push"' in field[0]
            said = re.search(r'id="slip-push" role="alert">(.*?)</p>', answer.text)
            assert said is not None
            assert "line 1, character 49" in said[1]
            assert 'id="push-copy" open>' in answer.text or 'id="push-new" open>' in answer.text
        lacking = await ask(client, operation="job.push", back=here, job='{"jobtype": "Mail"}')
        assert lacking.status_code == 400
        assert "args parameter" in lacking.text
        assert box(lacking.text) == '{"jobtype": "Mail"}'


async def test_the_text_is_kept_although_the_job_has_gone_meanwhile(open_shop: Shop) -> None:
    async with open_shop.signed_in() as client:
        answer = await ask(client, operation="job.push", back="/main/jobs/gone-gone", job=COPY)
    assert answer.status_code == 400
    assert "This job is no longer on the server." in answer.text
    assert box(answer.text) == COPY


async def test_with_nothing_ticked_the_list_says_so_where_it_is(open_shop: Shop) -> None:
    await open_shop.failed(3, "mail")
    async with open_shop.signed_in() as client:
        page = await seen(client, LIST, 'name="keys"')
        carried = hidden(page, 'id="acts"')
        answer = await ask(client, operation="job.delete", **carried)
        assert answer.status_code == 400
        form = re.search(r'<form class="acts" id="acts".*?</form>', answer.text, re.DOTALL)
        assert form is not None
        assert "Nothing is selected." in form[0]
        assert answer.text.count('type="checkbox" form="acts"') == 3
        assert answer.text.count("autofocus") == 2  # the first box, and a button of the keys' list
        # What was ticked stays so when something else was wrong.
        wrong = await ask(
            client, operation="job.delete", **{**carried, "query": "after:whenever"}, all="yes"
        )
        assert wrong.status_code == 400
        assert 'name="all" value="yes" checked' in wrong.text


async def test_jobs_that_have_gone_are_told_of_on_the_same_page(open_shop: Shop) -> None:
    await open_shop.failed(1, "mail")
    async with open_shop.signed_in() as client:
        gone = {"operation": "job.delete", "set": "dead", "query": "", "keys": "x|gone-gone"}
        answer = await ask(client, **gone, back="/main/dead")
        empty = await ask(client, **gone, back="/main/dead?q=nothing-like-it")
        nowhere = await ask(client, **gone)
    assert [one.status_code for one in (answer, empty, nowhere)] == [404, 404, 404]
    for one in (answer, empty, nowhere):
        assert one.text.count("None of these jobs is left.") == 1
    assert "charge-mail-0000" in answer.text
    assert "charge-mail-0000" not in nowhere.text


async def test_a_wrong_parameter_is_told_of_before_anybody_agrees_to_it(open_shop: Shop) -> None:
    async with open_shop.signed_in() as client:
        for value, said in (("x", "is not a number"), ("-5", "must be between")):
            answer = await ask(
                client,
                **{
                    "operation": "server.configure",
                    "back": "/main/parameters",
                    "parameter.due_period": value,
                    "parameter.default_retry": "7",
                },
            )
            assert answer.status_code == 400
            assert said in answer.text
            fields = re.findall(r'<input form="change" name="parameter\.[^>]*>', answer.text)
            wrong = [field for field in fields if "aria-invalid" in field]
            assert len(wrong) == 1
            assert f'value="{value}"' in wrong[0]
            assert any('default_retry" value="7"' in field for field in fields)
        none = await ask(client, operation="server.configure", back="/main/parameters")
        assert "Nothing is filled in." in none.text
        order = {"operation": "server.configure", "parameters": {"due_period": -5}}
        preview = await client.post(API + "/operations/preview", json=order)
    assert (preview.status_code, preview.json()["code"]) == (400, "invalid")


async def test_a_filtered_page_past_the_end_says_so(open_shop: Shop) -> None:
    await open_shop.failed(2, "mail")
    await open_shop.fill("mail", 2)
    async with open_shop.signed_in() as client:
        await seen(client, "/main/dead", 'name="keys"')
        for path, words in (
            ("/main/dead?q=queue%3Amail", "&from=1.5&page=2"),
            ("/main/queues/mail?q=Order", "&from=1e15&page=2"),
            ("/main/search?q=type%3AOrder", "&from=0.0,1&page=2"),
        ):
            # A search says first that its index is being read, as long as it is.
            page = await seen(client, path + words, "This page is past the last match.")
            assert "No matching jobs in this list." not in page
            assert f'href="{html.escape(path, quote=False)}"' in slashed(page)
        none = (await client.get("/main/dead?q=nothing-like-it")).text
    assert "No matching jobs in this list." in none


async def test_an_operation_opened_from_the_trash_or_a_strip_leads_back_there(
    open_shop: Shop,
) -> None:
    await open_shop.fill("mail", 1)
    async with open_shop.signed_in() as client:
        order = {"operation": "queue.clear", "queue": "mail", "reason": "a test"}
        told = await client.post(API + "/operations/preview", json=order)
        await client.post(API + "/operations", json={**order, "preview": told.json()["preview"]})
        for here in ("/main/trash", "/main/queues/mail", "/audit?event=operation.intent"):
            page = await client.get(here)
            link = re.search(r'href="(/operations/[^"]+)"', slashed(page.text))
            assert link is not None, here
            assert up((await client.get(html.unescape(link[1]))).text) == [here]


async def test_a_reason_that_says_nothing_is_asked_for_again_on_the_page_of_the_job(
    open_shop: Shop,
) -> None:
    (jid,) = await open_shop.failed(1)
    async with open_shop.signed_in() as client:
        answer = await client.post(f"/main/jobs/{jid}/reveal", data={"reason": "  "})
    assert answer.status_code == 400
    assert "Give a reason to see hidden values." in answer.text
    assert jid in answer.text


async def test_a_form_of_a_program_without_a_page_is_answered_as_ever(open_shop: Shop) -> None:
    async with open_shop.signed_in() as client:
        answer = await ask(client, operation="job.push", job="{")
        sent = await client.post(
            API + "/operations", content=json.dumps({"operation": "job.push", "job": "{"}),
            headers={"content-type": "application/json"},
        )  # fmt: skip
    assert answer.status_code == 400
    assert "<textarea" not in answer.text
    assert sent.status_code == 400


def test_every_form_that_acts_says_where_it_stands() -> None:
    folder = resources.files("glasshouse.web") / "templates"
    for item in folder.iterdir():
        text = item.read_text("utf-8")
        for form in re.findall(r'<form[^>]*method="post"[^>]*>.{0,200}', text):
            if "operations" in form or "bar.to" in form or "f.to" in form or "view.to" in form:
                assert "back(" in form or "hidden(" in form, (item.name, form)
