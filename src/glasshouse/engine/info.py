"""INFO: Faktory's exact schema (fwp.md §7)."""

from __future__ import annotations

import datetime as dt
import resource

import msgspec

from glasshouse.engine.memory import DEAD, RETRIES, SCHEDULED, WORKING, Memory
from glasshouse.model.times import format_time

# Clients depend on these: faktory-rs requires 1.8 or newer, Go and Ruby look for
# "Faktory Enterprise" in the description (fwp.md §7).
DESCRIPTION = "Faktory"
PROTOCOL_VERSION = "1.10.0"


class TaskCounts(msgspec.Struct):
    """What one timer has done since the start."""

    cycles: int = 0
    enqueued: int = 0
    wall_time: float = 0.0


def memory_mb() -> int:
    """Return this process's peak resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def info(
    memory: Memory,
    *,
    now: float,
    started_at: float,
    connections: int,
    command_count: int,
    tasks: dict[str, TaskCounts],
    workers: tuple[int, int],
    expired: int,
) -> bytes:
    """Return the answer to INFO as JSON; ``workers`` is (connected, reaped)."""
    sizes = memory.sizes
    queues = {name: len(queue.ids) for name, queue in sorted(memory.queues.items())}
    clock = dt.datetime.fromtimestamp(now, dt.UTC)
    faktory: dict[str, object] = {
        "queues": queues,
        "sets": {
            "scheduled": sizes[SCHEDULED],
            "retries": sizes[RETRIES],
            "dead": sizes[DEAD],
            "working": sizes[WORKING],
        },
        "tasks": {
            "Busy": {"size": sizes[WORKING], "reaped": expired},
            "Workers": {"size": workers[0], "reaped": workers[1]},
            **{
                name: _task(tasks[name], sizes[state])
                for name, state in (("Scheduled", SCHEDULED), ("Retries", RETRIES), ("Dead", DEAD))
            },
        },
        "total_failures": memory.tallies.get("failures", 0),
        "total_processed": memory.tallies.get("processed", 0),
        "total_enqueued": sum(queues.values()),
        "total_queues": len(queues),
    }
    server = {
        "description": DESCRIPTION,
        "faktory_version": PROTOCOL_VERSION,
        # The Rust client takes 0 for "not a Faktory" (fwp.md §7).
        "uptime": max(1, int(now - started_at)),
        "connections": connections,
        "command_count": command_count,
        "used_memory_mb": memory_mb(),
    }
    return msgspec.json.encode(
        {
            "now": format_time(now),
            "server_utc_time": clock.strftime("%H:%M:%S UTC"),
            "faktory": faktory,
            "server": server,
        }
    )


def _task(counts: TaskCounts, size: int) -> dict[str, object]:
    return {
        "enqueued": counts.enqueued,
        "cycles": counts.cycles,
        "size": size,
        "wall_time_sec": counts.wall_time,
    }
