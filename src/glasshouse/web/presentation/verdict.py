"""Is this job stuck, or just late? One sentence, based only on what is known."""

from __future__ import annotations

import msgspec

from glasshouse.model.finished import TypeTimes
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.messages import message
from glasshouse.model.server import Queue, ServerState, Worker, WorkerState
from glasshouse.web.presentation.views import Verdict
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

SILENT = 30.0
"""Seconds without a heartbeat after which a worker is probably lost; the usual beat is 15 s."""
_GRACE = 30.0
"""Seconds by which a due job may be late without comment: servers check every few seconds."""
_SLACK = 5.0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a verdict is based on; what is not known is ``None``, times are Unix seconds.

    ``killed`` means that it did not die on its own: by whom, or empty.
    """

    job: StoredJob
    enqueued_at: float | None = None
    retries: int | None = None
    limit: int | None = None
    state: ServerState | None = None
    times: TypeTimes | None = None
    killed: str | None = None


def verdict(facts: Facts, now: float, locale: str) -> Verdict:
    """Return the verdict on an entry, as of ``now``."""
    judge = {
        JobState.ENQUEUED: _enqueued,
        JobState.SCHEDULED: _scheduled,
        JobState.WORKING: _working,
        JobState.RETRIES: _retries,
        JobState.DEAD: _dead,
    }[facts.job.state]
    return judge(facts, now, locale)


def _enqueued(facts: Facts, now: float, locale: str) -> Verdict:
    queue, workers = _queue(facts), _workers(facts)
    name = fmt.display_text(facts.job.queue)
    waited = None if facts.enqueued_at is None else max(0.0, now - facts.enqueued_at)
    if queue is not None and queue.paused:
        text = t("Stuck: its queue {queue} is paused.", locale, queue=name)
        return Verdict(tone="bad", text=text, detail=_waited(waited, facts, locale))
    if workers is not None and not workers:
        text = t("Stuck: no worker is connected.", locale)
        return Verdict(tone="bad", text=text, detail=_waited(waited, facts, locale))
    if workers is not None and all(one.state is not WorkerState.RUNNING for one in workers):
        text = t("Stuck: every worker is quiet or terminating; none accepts new jobs.", locale)
        return Verdict(tone="bad", text=text, detail=_waited(waited, facts, locale))
    usual = None if facts.times is None else facts.times.wait_p95
    if waited is None:
        return Verdict(tone="plain", text=t("Waiting for its turn.", locale), detail="")
    if usual is not None and waited > _long(usual):
        text = t("Late: it has been waiting for {time}.", locale, time=_span(waited, locale))
        return Verdict(tone="warn", text=text, detail=_usual_wait(facts, locale))
    text = t("Waiting for its turn, {time} so far.", locale, time=_span(waited, locale))
    return Verdict(
        tone="plain" if usual is None else "good", text=text, detail=_usual_wait(facts, locale)
    )


def _scheduled(facts: Facts, now: float, locale: str) -> Verdict:
    return _due(
        facts, now, locale, message("Due in {time}."), message("Late: it was due {time} ago.")
    )


def _retries(facts: Facts, now: float, locale: str) -> Verdict:
    told = _due(
        facts, now, locale, message("It failed and will be retried in {time}."),
        message("Late: it failed, and its next retry was due {time} ago."),
    )  # fmt: skip
    detail = ""
    if facts.retries is not None and facts.limit is not None:
        detail = t(
            "This will be retry {n} of {limit}.",
            locale,
            n=fmt.number(facts.retries + 1, locale),
            limit=fmt.number(facts.limit, locale),
        )
    tone = "warn" if told.tone == "plain" else told.tone
    return Verdict(tone=tone, text=told.text, detail=f"{detail} {told.detail}".strip())


def _due(facts: Facts, now: float, locale: str, ahead: str, late: str) -> Verdict:
    at = facts.job.at
    if at is None:
        return Verdict(tone="plain", text=t("Its due time is unknown.", locale), detail="")
    if at > now:
        text = t(ahead, locale, time=fmt.duration(at - now, locale))
        return Verdict(tone="plain", text=text, detail="")
    if now - at <= _GRACE:
        return Verdict(tone="plain", text=t("Due now: it is being enqueued.", locale), detail="")
    text = t(late, locale, time=fmt.duration(now - at, locale))
    detail = t("The server should have enqueued it by now.", locale)
    return Verdict(tone="bad", text=text, detail=detail)


def _working(facts: Facts, now: float, locale: str) -> Verdict:
    job = facts.job
    ran = None if job.reserved_at is None else max(0.0, now - job.reserved_at)
    left = None if job.expires_at is None else job.expires_at - now
    lost = _lost(facts, now, locale)
    if lost:
        return Verdict(tone="bad", text=lost, detail=_taken_back(left, locale))
    if left is not None and left <= 0:
        text = t("Its worker took longer than its reservation.", locale)
        return Verdict(tone="bad", text=text, detail=_taken_back(left, locale))
    usual = None if facts.times is None else facts.times.run_p95
    if ran is None:
        return Verdict(tone="good", text=t("Running.", locale), detail="")
    details = f"{_usual_run(facts, locale)} {_reserved(left, locale)}".strip()
    if usual is not None and ran > _long(usual):
        text = t("Slow: running for {time}.", locale, time=_span(ran, locale))
        return Verdict(tone="warn", text=text, detail=details)
    text = t("Running, {time} so far.", locale, time=_span(ran, locale))
    return Verdict(tone="good", text=text, detail=details)


def _lost(facts: Facts, now: float, locale: str) -> str:
    workers, wid = _workers(facts), facts.job.wid
    if workers is None or not wid:
        return ""
    mine = [one for one in workers if one.wid == wid]
    if not mine:
        return t("Probably lost: its worker is no longer connected.", locale)
    beats = [one.last_beat for one in mine if one.last_beat is not None]
    if beats and now - max(beats) > SILENT:
        age = fmt.duration(now - max(beats), locale)
        return t("Probably lost: no heartbeat from its worker for {time}.", locale, time=age)
    return ""


def _dead(facts: Facts, now: float, locale: str) -> Verdict:
    text = t("It is dead and will not run again.", locale)
    if facts.retries is not None:
        n = fmt.number(facts.retries, locale)
        text = t("It is dead after {n} retries and will not run again.", locale, n=n)
    if facts.killed is not None:
        text = t("It was killed and will not run again.", locale)
        if facts.killed:
            text = t("It was killed by {name} and will not run again.", locale, name=facts.killed)
    at = facts.job.at
    if at is None or at <= now:
        return Verdict(tone="bad", text=text, detail="")
    left = fmt.duration(at - now, locale)
    return Verdict(
        tone="bad", text=text, detail=t("It will be removed in {time}.", locale, time=left)
    )


def _queue(facts: Facts) -> Queue | None:
    known = () if facts.state is None else facts.state.queues
    return next((queue for queue in known if queue.name == facts.job.queue), None)


def _workers(facts: Facts) -> tuple[Worker, ...] | None:
    return None if facts.state is None else facts.state.workers


def _long(usual: float) -> float:
    return max(2 * usual, usual + _SLACK)


def _span(seconds: float, locale: str) -> str:
    return fmt.duration(seconds, locale)


def _waited(waited: float | None, facts: Facts, locale: str) -> str:
    if waited is None:
        return ""
    text = t("It has waited {time}.", locale, time=_span(waited, locale))
    return f"{text} {_usual_wait(facts, locale)}".strip()


def _usual_wait(facts: Facts, locale: str) -> str:
    times = facts.times
    if times is None or times.wait_median is None or times.wait_p95 is None:
        return ""
    return t(
        "Jobs of this type usually wait {median}; 95% wait at most {p95}.",
        locale,
        median=fmt.span(times.wait_median, locale),
        p95=fmt.span(times.wait_p95, locale),
    )


def _usual_run(facts: Facts, locale: str) -> str:
    if facts.times is None:
        return ""
    return t(
        "Jobs of this type usually run {median}; 95% run at most {p95}.",
        locale,
        median=fmt.span(facts.times.run_median, locale),
        p95=fmt.span(facts.times.run_p95, locale),
    )


def _reserved(left: float | None, locale: str) -> str:
    if left is None:
        return ""
    return t("Its reservation ends in {time}.", locale, time=fmt.duration(left, locale))


def _taken_back(left: float | None, locale: str) -> str:
    if left is None:
        return ""
    if left <= 0:
        return t("The server reclaims it now and counts a failure.", locale)
    return t(
        "The server reclaims it when its reservation ends, in {time}.",
        locale,
        time=fmt.duration(left, locale),
    )
