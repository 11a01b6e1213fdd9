"""What jobs go by, those of Rails' ActiveJob as on Faktory's own pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glasshouse.model.job import WRAPPER
from glasshouse.wire.jobnames import name_of, own_type, wrapped_name
from glasshouse.wire.jobs import parse_job, parse_job_in_steps
from glasshouse.wire.jsontext import finish
from glasshouse.wire.payload import AT_ONCE


def active_job(wrapped: str | None = "InvoiceJob", **fields: Any) -> dict[str, Any]:
    """Return a job as ActiveJob's adapter pushes it."""
    facts = {"job_class": wrapped or "InvoiceJob", "job_id": "1", "arguments": [17, {"a": None}]}
    job: dict[str, Any] = {"jid": "job-00001", "jobtype": WRAPPER, "args": [facts]}
    if wrapped is not None:
        job["custom"] = {"wrapped": wrapped}
    return job | fields


def mail(*arguments: object, kind: str = "ActionMailer::MailDeliveryJob") -> dict[str, Any]:
    return active_job(kind, args=[{"job_class": kind, "arguments": list(arguments)}])


NAMES = [
    (active_job(), "InvoiceJob"),
    (active_job("Billing::InvoiceJob"), "Billing::InvoiceJob"),
    (active_job("what a program wrote"), "what a program wrote"),
    (active_job(None), "InvoiceJob"),
    (active_job(custom={"wrapped": "", "locale": "de"}), "InvoiceJob"),
    (active_job(custom={"wrapped": 7}), "InvoiceJob"),
    (active_job(custom=None), "InvoiceJob"),
    (active_job("Überweisung::Größe"), "Überweisung::Größe"),
    (active_job(None, args=[{"job_class": "Überweisung"}]), "Überweisung"),
    (active_job(None, args=[]), WRAPPER),
    (active_job(None, args=["InvoiceJob"]), WRAPPER),
    (active_job(None, args=[None, {"job_class": "InvoiceJob"}]), WRAPPER),
    (active_job(None, args=[{"job_class": ["InvoiceJob"]}]), WRAPPER),
    (mail("InvoiceMailer", "overdue", "deliver_now", 17), "InvoiceMailer#overdue"),
    (mail("Shop::Mailer", "paid?", kind="ActionMailer::DeliveryJob"), "Shop::Mailer#paid?"),
    (mail("InvoiceMailer"), "ActionMailer::MailDeliveryJob"),
    (mail("InvoiceMailer", 3), "ActionMailer::MailDeliveryJob"),
    (mail(), "ActionMailer::MailDeliveryJob"),
    (
        active_job(None, args=[{"job_class": "ActionMailer::DeliveryJob",
                                "arguments": ["InvoiceMailer", "overdue"]}]),
        "InvoiceMailer#overdue",
    ),
    ({"jid": "job-00001", "jobtype": "Plain", "args": [{"job_class": "InvoiceJob"}],
      "custom": {"wrapped": "InvoiceJob"}}, "Plain"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "name"), NAMES)
def test_a_job_goes_by_what_it_wraps(job: dict[str, Any], name: str) -> None:
    raw = json.dumps(job).encode()
    assert name_of(job["jobtype"], raw) == name
    for spelt in (raw, raw.replace(b'"jobtype"', b'"JobType"'), raw[:-1] + b',"at":null}'):
        assert parse_job(spelt).jobtype == name
        assert finish(parse_job_in_steps(spelt)).jobtype == name
    assert own_type(raw) == job["jobtype"]


@pytest.mark.parametrize(
    "argument", ["secret word", "4711", "a@example.com", "x" * 251, "A::", "::A", "A#b", "", "A\n"]
)
def test_nothing_of_an_argument_is_in_a_name_but_the_name_of_a_class(argument: str) -> None:
    """A name is shown to those from whom arguments are hidden."""
    for job in (active_job(None, args=[{"job_class": argument}]), mail(argument, "overdue")):
        name = name_of(WRAPPER, json.dumps(job).encode())
        assert name in {WRAPPER, "ActionMailer::MailDeliveryJob"}
    assert name_of(WRAPPER, json.dumps(mail("Mailer", argument)).encode()).startswith("Action")


@pytest.mark.parametrize(
    ("custom", "args"),
    [
        (b'{"wrapped":"\\ud800"}', None),
        (b'{"wrapped":"\xff"}', b"[]"),
        (b"{", b"["),
        (b"[]", b"{}"),
        (b'"wrapped"', b'"args"'),
        (b'{"wrapped":' * 10_000, b"[" * 10_000),
        (None, b'[{"job_class":"%b"}]' % (b"x" * AT_ONCE)),
        (b'{"wrapped":"A","x":"%b"}' % (b"x" * AT_ONCE), b""),
    ],
    ids=range(8),
)
def test_a_job_that_does_not_tell_goes_by_its_type(custom: bytes | None, args: bytes) -> None:
    assert wrapped_name(custom, args) == WRAPPER
