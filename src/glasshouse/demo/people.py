"""Who buys what in the demo's shop: small tables, and values drawn from them."""

from __future__ import annotations

from random import Random

Json = dict[str, object]

CUSTOMERS = (
    ("Amelia Ward", "amelia.ward@example.com", "GB", "Bristol", "14 Park Row"),
    ("Jonas Lindqvist", "jonas@lindqvist.example", "SE", "Malmö", "Södra Förstadsgatan 81"),
    ("王小明", "xiaoming.wang@example.cn", "CN", "杭州", "文三路 478 号"),
    ("Priya Raman", "priya.raman@example.in", "IN", "Chennai", "22 Kasturi Ranga Road"),
    ("Zoë D'Angelo", "zoe.dangelo@example.it", "IT", "Torino", "Via Po 17"),
    ("陈美玲", "meiling.chen@example.sg", "SG", "Singapore", "38 Tiong Bahru Road"),
    ("Hannah Köhler", "h.koehler@example.de", "DE", "Köln", "Aachener Straße 40"),
    ("Miguel Ortega", "miguel.ortega@example.mx", "MX", "Puebla", "Av. Juárez 2318"),
    ("Fatima El Amrani", "fatima@elamrani.example", "MA", "Rabat", "12 Rue Patrice Lumumba"),
    ("Tom O'Brien", "tom.obrien@example.ie", "IE", "Cork", "3 MacCurtain Street"),
)
PRODUCTS = (
    ("KET-0117", "Gooseneck kettle, 1 l", 6490),
    ("MUG-2204", "Stoneware mug “Harbour”", 1850),
    ("LMP-0031", "Desk lamp, brass", 12900),
    ("BLK-1402", "Wool blanket, 140 by 200 cm", 8900),
    ("KNF-0080", "Paring knife", 3250),
    ("SOAP-009", "Olive soap, 3 pieces", 1290),
    ("CHR-0550", "Folding chair, ash", 14500),
    ("TEA-0412", "正山小种 / Lapsang, 100 g", 1640),
)
_GIFTS = 0.1
CURRENCIES = {"GB": "GBP", "SE": "SEK", "CN": "CNY", "IN": "INR", "SG": "SGD", "MX": "MXN"}


def customer(rng: Random) -> Json:
    """Return a customer as the shop's services pass one on."""
    name, email, country, _, _ = rng.choice(CUSTOMERS)
    return {"id": rng.randrange(1000, 99999), "name": name, "email": email, "country": country}


def order(rng: Random) -> Json:
    """Return an order: items, addresses and money, nested as real ones are."""
    name, email, country, city, street = rng.choice(CUSTOMERS)
    items = [_item(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    total = sum(price * quantity for _, price, quantity in items)
    return {
        "number": f"GH-{rng.randrange(100000, 999999)}",
        "customer": {"id": rng.randrange(1000, 99999), "name": name, "email": email},
        "items": [
            {"sku": sku, "quantity": quantity, "unit_price": money(price, country)}
            for sku, price, quantity in items
        ],
        "shipping_address": {"street": street, "city": city, "country": country},
        "total": money(total, country),
        "gift": rng.random() < _GIFTS,
    }


def money(cents: int, country: str) -> Json:
    """Return an amount in a country's currency."""
    return {"amount": cents, "currency": CURRENCIES.get(country, "EUR")}


def product(rng: Random) -> Json:
    """Return a product as the catalogue knows it."""
    sku, title, cents = rng.choice(PRODUCTS)
    return {"sku": sku, "title": title, "price": {"amount": cents, "currency": "EUR"}}


def _item(rng: Random) -> tuple[str, int, int]:
    sku, _, cents = rng.choice(PRODUCTS)
    return sku, cents, rng.choice((1, 1, 1, 2, 4))
