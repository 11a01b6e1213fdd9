"""What the shop does in the background: one row per job type.

Everything is drawn from the ``Random`` that is passed in: the same seed gives
the same jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from glasshouse.demo import errors as e
from glasshouse.demo.people import Json, customer, order, product

Arguments = Callable[[Random], list[object]]


class Kind(msgspec.Struct, frozen=True):
    """A job type. ``seconds``: how long it runs; ``share``: its relative frequency."""

    jobtype: str
    queue: str
    arguments: Arguments
    seconds: tuple[float, float]
    share: float
    failing: float
    errors: tuple[e.DemoError, ...]
    retries: tuple[int, ...] = (25,)
    scheduled: float = 0.0


def _confirmation(rng: Random) -> list[object]:
    return [order(rng), {"locale": rng.choice(("en", "de", "sv", "zh-CN")), "template": "v7"}]


def _reset(rng: Random) -> list[object]:
    who = customer(rng)
    return [who["id"], {"email": who["email"], "token": f"{rng.getrandbits(128):032x}"}]


def _basket(rng: Random) -> list[object]:
    return [customer(rng), [product(rng) for _ in range(rng.choice((1, 2)))]]


def _image(rng: Random) -> list[object]:
    sku = product(rng)["sku"]
    sizes = [{"width": width, "height": width, "fit": "cover"} for width in (160, 480, 1200)]
    return [{"bucket": "product-media", "key": f"originals/{sku}/{rng.randrange(9)}.jpg"}, sizes]


def _thumbnail(rng: Random) -> list[object]:
    return [f"originals/{product(rng)['sku']}/{rng.randrange(9)}.jpg", 96, {"format": "webp"}]


def _payment(rng: Random) -> list[object]:
    bought = order(rng)
    intent = f"pi_{rng.getrandbits(72):018x}"
    return [intent, bought["total"], {"order": bought["number"], "customer": bought["customer"]}]


def _refund(rng: Random) -> list[object]:
    bought = order(rng)
    return [bought["number"], bought["total"], rng.choice(("damaged", "late", "客户取消"))]


def _sales(rng: Random) -> list[object]:
    day = f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    return [{"day": day, "regions": ["EU", "UK", "APAC"], "group_by": ["sku", "country"]}]


def _stock(rng: Random) -> list[object]:
    return [{"warehouse": rng.choice(("Rotterdam", "杭州", "Leeds")), "format": "xlsx"}]


def _reindex(rng: Random) -> list[object]:
    return [product(rng), {"fields": ["title", "price", "stock"], "refresh": False}]


def _feed(rng: Random) -> list[object]:
    rows = [{"sku": product(rng)["sku"], "stock": rng.randrange(400)} for _ in range(5)]
    source: Json = {"supplier": rng.choice(("Nordkeramik", "茶香园", "Lumen & Co")), "rows": rows}
    return [source, {"dry_run": False}]


KINDS = (
    Kind(
        "SendOrderConfirmation",
        "mailers",
        _confirmation,
        (0.1, 0.6),
        26,
        0.04,
        (e.SMTP_TIMEOUT, e.SMTP_REFUSED),
        (25, 25, 5),
    ),
    Kind(
        "SendPasswordReset",
        "mailers",
        _reset,
        (0.05, 0.3),
        8,
        0.03,
        (e.SMTP_REFUSED,),
        (3, 0),
    ),
    Kind(
        "RemindOfBasket",
        "mailers",
        _basket,
        (0.1, 0.4),
        7,
        0.02,
        (e.SMTP_TIMEOUT,),
        (5,),
        0.9,
    ),
    Kind(
        "ResizeProductImage",
        "images",
        _image,
        (0.4, 2.2),
        18,
        0.05,
        (e.NIL_IMAGE, e.STORAGE_403),
        (25, 3, -1),
    ),
    Kind("GenerateThumbnail", "images", _thumbnail, (0.2, 0.9), 10, 0.03, (e.STORAGE_403,), (3,)),
    Kind(
        "CapturePayment",
        "payments",
        _payment,
        (0.3, 1.4),
        14,
        0.10,
        (e.CARD_DECLINED, e.CARD_DECLINED, e.RATE_LIMIT),
        (25, 2, -1),
    ),
    Kind("RefundPayment", "payments", _refund, (0.3, 1.2), 3, 0.08, (e.RATE_LIMIT,), (10,), 0.2),
    Kind("NightlySalesReport", "reports", _sales, (2.0, 3.0), 9, 0.08, (e.DATABASE_GONE,), (2, 5)),
    Kind("ExportStockList", "reports", _stock, (1.5, 3.0), 4, 0.04, (e.DATABASE_GONE,), (5,), 0.3),
    Kind("ReindexProduct", "search", _reindex, (0.05, 0.3), 22, 0.03, (e.INDEX_CONFLICT,), (25, 2)),
)
IMPORTS = Kind("ImportSupplierFeed", "imports", _feed, (1.0, 3.0), 1, 0.05, (e.MISSING_KEY,), (25,))
BY_TYPE = {kind.jobtype: kind for kind in (*KINDS, IMPORTS)}


def draw_kind(rng: Random, kinds: tuple[Kind, ...] = KINDS) -> Kind:
    """Return a random job type, weighted by share."""
    return rng.choices(kinds, [kind.share for kind in kinds])[0]


def make_job(rng: Random, kind: Kind, **more: object) -> Json:
    """Return a new job of this type; ``more`` fields replace the drawn ones."""
    job: Json = {
        "jid": f"{rng.getrandbits(96):024x}",
        "jobtype": kind.jobtype,
        "queue": kind.queue,
        "args": kind.arguments(rng),
        "retry": rng.choice(kind.retries),
        "reserve_for": 300,
        "custom": {"request_id": f"req-{rng.getrandbits(40):010x}", "locale": "en"},
    }
    return job | more
