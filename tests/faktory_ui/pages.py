"""Pages with the structure of Faktory's own, written for tests: its elements, none of its text.

What is given is what Faktory would hold; a page shows of it what Faktory's page shows.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from glasshouse.model.versions import before

LIMIT = 1024
NEWEST = "1.10.0"
VERSIONS = ("1.6.2", "1.7.0", "1.8.0", "1.9.0", "1.9.4", NEWEST)
"""Those whose dialects are spoken here: what is read of one has to be read of all."""
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
_LINES = {"\u2028": "\\u2028", "\u2029": "\\u2029"}


def since(version: str, *release: int) -> bool:
    """Whether a Faktory of ``version`` does what was new in a release."""
    return not before(version, *release)


def shown_args(args: Iterable[Any], limit: int = LIMIT, version: str = NEWEST) -> str:
    """Arguments as Go's encoder writes them, a comma between them; since 1.8 each with a line
    break, and with the signs of HTML as they are."""
    return ", ".join(_shown_arg(arg, limit, version) for arg in args)


def _shown_arg(arg: Any, limit: int, version: str) -> str:
    text = json.dumps(arg, ensure_ascii=False, separators=(",", ":"))
    plain = since(version, 1, 8)
    for sign, escaped in (_LINES if plain else _LINES | _ESCAPED).items():
        text = text.replace(sign, escaped)
    text += "\n" if plain else ""
    if len(text.encode()) <= limit:
        return text
    cut = text.encode()[:limit].decode("utf-8", "replace")
    # Before 1.9.1 what was cut was taken for a format of something that is not there.
    return (cut if since(version, 1, 9, 1) else _PERCENT.sub(_formatted, cut)) + "…"


_PERCENT = re.compile(r"%(.?)", re.DOTALL)


def _formatted(found: re.Match[str]) -> str:
    return "%" if found[1] == "%" else f"%!{found[1]}(MISSING)" if found[1] else "%!(NOVERB)"


def counted(number: int) -> str:
    """A number as every version writes it, in every language."""
    return f"{number:,}"


def whole(inner: str, version: str = NEWEST) -> bytes:
    """A page round its inside."""
    return (
        '<!doctype html>\n<html lang="en"><head><title>x</title></head><body>'
        '<div id="page"><ul class="summary"><li><span class="count">1,234</span></li></ul>'
        f'{inner}</div><footer><p class="product-version">Faktory {version}</p></footer>'
        "</body>\n</html>\n"
    ).encode()


def set_page(path: str, jobs: Sequence[Mapping[str, Any]], version: str = NEWEST) -> bytes:
    """A page of retries, scheduled or morgue; an empty set has a notice and no table."""
    if not jobs:
        return whole(
            '<header><h3>x</h3></header><div class="alert alert-success">none</div>', version
        )
    rows = "".join(_set_row(path, job, version) for job in jobs)
    return whole(
        f'<header><h3>x</h3></header><form action="{path}" method="post">'
        '<table class="table table-striped"><thead><tr><th><input type="checkbox" />'
        f"</th><th>x</th></tr></thead>{rows}</table></form>"
        f'<form action="{path}"><input type="hidden" name="key" value="all" /></form>',
        version,
    )


def _set_row(path: str, job: Mapping[str, Any], version: str) -> str:
    key = escape(job["key"])
    failure = job.get("failure")
    count = f"<td>{failure['retry_count']}</td>" if path == "/retries" and failure else ""
    said = (
        f"<div>{escape(failure['errtype'])}: {escape(failure['message'])}</div>" if failure else ""
    )
    error = "" if path == "/scheduled" else f"<td>\n{said}\n</td>"
    return (
        f'<tr><td><label><input type="checkbox" name="key" value="{key}" /></label></td>'
        f'<td>\n <a href="{path}/{key}">soon</a>\n</td>{count}'
        f'<td>\n <a href="/queues/{escape(job["queue"])}">{escape(job["queue"])}</a>\n</td>'
        f"<td><code>{escape(job['jobtype'])}</code></td>"
        f'<td>\n <div class="args">{escape(shown_args(job["args"], version=version))}</div>\n</td>'
        f"{error}</tr>"
    )


def queue_page(name: str, payloads: list[bytes], version: str = NEWEST) -> bytes:
    """A page of a queue, with each job's stored bytes in its check box."""
    rows = "".join(_queue_row(payload, version) for payload in payloads)
    return whole(
        f"<header><div><h3>\n  {escape(name)}\n</h3></div></header>"
        f'<form action="/queues/{escape(name)}" method="post"><table class="queue table">'
        f"<thead><th></th><th>JID</th></thead>{rows}</table></form>",
        version,
    )


def _queue_row(payload: bytes, version: str) -> str:
    job = json.loads(payload)
    key = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    return (
        f'<tr><td><input type="checkbox" name="bkey" value="{key}" /></td>'
        f"<td>{escape(job['jid'])}</td>"
        f'<td>{escape(job["jobtype"])}</td><td><div class="args">'
        f"{escape(shown_args(job['args'], version=version))}</div></td></tr>"
    )


def queues_page(queues: Mapping[str, tuple[int, bool]], version: str = NEWEST) -> bytes:
    """The list of queues: name to size and whether it is paused."""
    rows = "".join(
        f'<tr><td>\n <a href="/queues/{name}">{name}</a>\n</td><td>{counted(size)}</td><td><form>'
        '<button name="action" value="delete">x</button>'
        f'<button name="action" value="{"resume" if paused else "pause"}">x</button>'
        "</form></td></tr>"
        for name, (size, paused) in queues.items()
    )
    return whole(f'<table class="queues table"><thead><th>x</th></thead>{rows}</table>', version)


def busy_page(
    workers: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]], version: str = NEWEST
) -> bytes:
    """Workers, and what they hold; before 1.6.1 a worker's connections are not shown."""
    old = not since(version, 1, 6, 1)
    return whole(
        f'<table class="processes table"><thead><th>ID</th></thead>'
        f"{''.join(_worker(worker, old=old) for worker in workers)}</table>"
        '<table class="workers table"><thead><th>x</th></thead>'
        f"{''.join(_held(job, version) for job in held)}</table>",
        version,
    )


def _worker(worker: Mapping[str, Any], *, old: bool) -> str:
    labels = "".join(
        f'<span class="badge bg-primary">{escape(one)}</span>' for one in worker["labels"]
    )
    quiet = '<span class="badge bg-danger">quiet</span>' if worker["quiet"] else ""
    connections = "" if old else "<td>2</td>"
    return (
        f"<tr><td><code>\n  {escape(worker['wid'])}\n </code></td>"
        f"<td><code>{escape(worker['hostname'])}:{worker['pid']}</code>{labels}{quiet}</td>"
        f"<td>soon</td>{connections}<td>{worker['rss']}</td><td>{worker['busy']}</td>"
        f'<td><input type="hidden" name="wid" value="{escape(worker["wid"])}"/></td></tr>'
    )


def _held(job: Mapping[str, Any], version: str) -> str:
    return (
        f"<tr><td>\n <code>\n   {escape(job['wid'])}\n </code></td>"
        f"<td><code>\n   {escape(job['jid'])}\n </code></td>"
        f'<td><a href="/queues/{job["queue"]}">{job["queue"]}</a></td>'
        f"<td><code>{escape(job['jobtype'])}</code></td>"
        f'<td><div class="args">{escape(shown_args(job["args"], version=version))}</div></td>'
        "<td>soon</td></tr>"
    )


def job_page(job: Mapping[str, Any], version: str = NEWEST) -> bytes:
    """The page of one job of a set."""
    failure = job.get("failure")
    error = ""
    if failure:
        lines = "".join(f"                {escape(line)}<br/>\n" for line in failure["backtrace"])
        trace = f"<tr><th>x</th><td><code>\n{lines}</code></td></tr>" if lines else ""
        error = (
            '<table class="error table table-striped"><tr><th>x</th><td>\n <code>'
            f"{escape(failure['errtype'])}</code>\n</td></tr>"
            f"<tr><th>x</th><td>{escape(failure['message'])}</td></tr>{trace}</table>"
        )
    args = escape(shown_args(job["args"], 1 << 20, version))
    return whole(
        '<table class="table table-striped"><tr><th>JID</th><td>'
        f"\n<code>{escape(job['jid'])}</code>\n</td>"
        f"</tr><tr><th>x</th><td>\n<code>{escape(job['jobtype'])}</code></td></tr>"
        '<tr><th>x</th><td><code class="code-wrap">'
        f'<div class="args-extended">{args}</div></code></td></tr><tr><th>x</th><td>\n'
        f'<a href="/queues/{job["queue"]}">{job["queue"]}</a></td></tr></table>{error}',
        version,
    )


def dashboard(days: Mapping[str, tuple[int, int]], version: str = NEWEST) -> bytes:
    """The dashboard, which Faktory also answers to every unknown path."""
    done = escape(json.dumps({day: both[0] for day, both in days.items()}))
    failed = escape(json.dumps({day: both[1] for day, both in days.items()}))
    return whole(
        f'<div id="history" data-processed="{done}" data-failed="{failed}"></div>', version
    )
