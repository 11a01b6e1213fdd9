"""The PyPI client ``pyfaktory`` takes the embedded server for Faktory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pyfaktory import Client, Job, Producer  # type: ignore[import-untyped]

from tests.engine.peer import Running, running


def _url(engine: Running) -> str:
    secret = f":{engine.password}@" if engine.password else ""
    return f"tcp://{secret}127.0.0.1:{engine.port}"


def _push(url: str) -> None:
    with Client(faktory_url=url, role="producer") as client:
        producer = Producer(client=client)
        producer.push(Job(jobtype="Add", args=(1, 2), queue="sums"))
        producer.push(Job(jobtype="Break", args=("x",), queue="sums", retry=3))
        producer.push_bulk([Job(jobtype="Add", args=(n, n), queue="sums") for n in range(3)])


def _work(url: str) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    """Fetch, acknowledge and fail by hand: the library's own loop forks processes."""
    done: list[tuple[Any, ...]] = []
    client = Client(faktory_url=url, role="consumer")
    # It would beat in a thread of its own, which goes on when the client has ended.
    client._heartbeat = lambda: None
    with client:
        assert client._beat()
        for _ in range(5):
            job = client._fetch(["sums"])
            if job["jobtype"] == "Break":
                client._fail(
                    jid=job["jid"], errtype="ValueError", message="broken", backtrace=["a"]
                )
            else:
                done.append(tuple(job["args"]))
                client._ack(job["jid"])
        return done, client.info()


@pytest.mark.parametrize("password", [None, "secret"])
async def test_it_pushes_fetches_acknowledges_and_fails(
    tmp_path: Path, password: str | None
) -> None:
    async with running(tmp_path, password=password) as engine:
        await asyncio.to_thread(_push, _url(engine))
        done, info = await asyncio.to_thread(_work, _url(engine))
    assert done == [(1, 2), (0, 0), (1, 1), (2, 2)]
    assert info["faktory"]["sets"]["retries"] == 1
    assert info["faktory"]["queues"] == {"sums": 0}
