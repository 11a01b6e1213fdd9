"""Build docs/design-system.html: every shared part in every state, light and dark.

    python -m scripts.design_system [FILE]

It is made of the pages' own templates and styles, so it cannot say anything
else than they do; a test builds it anew and compares.
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

import msgspec
from minijinja import Environment

from glasshouse.web.presentation.render import environment
from scripts.specimens import NUMBERS, PARTS, Part, Specimen

ROOT = Path(__file__).parents[1]
STYLES = ROOT / "frontend" / "src"
TARGET = ROOT / "docs" / "design-system.html"
THEMES = ("light", "dark")
PAIRS = (
    ("ink", "bg"), ("ink", "panel"), ("dim", "bg"), ("dim", "panel"), ("dim", "code"),
    ("accent", "panel"), ("accent", "accent-bg"), ("good", "good-bg"), ("warn", "warn-bg"),
    ("bad", "bad-bg"),
)  # fmt: skip
"""What is written on what; WCAG 2.2 AA asks for 4.5 : 1."""
_IDS = re.compile(r'\b(id|for|aria-labelledby|aria-describedby|data-copy-from)="([^"]+)"')
_IMPORT = re.compile(r'@import "\./([^"]+)";')
_OWN = """
body{padding:24px;max-width:1500px;margin:0 auto}
.gallery{display:grid;gap:26px}.gallery>section>h2{font-size:17px}
.gallery>section>p{color:var(--dim);margin:2px 0 10px;max-width:80ch}
.themes{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:12px}
.themes>div{background:var(--bg);color:var(--ink);border:1px solid var(--line);border-radius:10px;
padding:16px;display:grid;gap:16px;align-content:start;min-width:0}
figure{margin:0;min-width:0}figcaption{font-size:12px;color:var(--dim);margin-bottom:6px}
.swatches{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:8px}
.swatches p{padding:8px 10px;border-radius:7px;border:1px solid var(--line)}
.gallery .tiles{grid-template-columns:repeat(3,minmax(0,1fr))}.gallery .jid a{min-width:0}
@media (max-width:899px){.themes{grid-template-columns:minmax(0,1fr)}}
"""


def styles() -> str:
    """Return all styles in one text, with the themes as attributes of any element."""
    whole = (STYLES / "style.css").read_text("utf-8")
    text = _IMPORT.sub(lambda found: (STYLES / found[1]).read_text("utf-8"), whole)
    return text.replace(":root[data-theme=dark]", "[data-theme=dark]").replace(
        ":root{color-scheme:light", ":root,[data-theme=light]{color-scheme:light"
    )


def tokens(theme: str) -> dict[str, str]:
    """Return the colours of a theme by name."""
    source = (STYLES / "styles" / "tokens.css").read_text("utf-8")
    start = ":root[data-theme=dark]{" if theme == "dark" else ":root{"
    block = source.split(start, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,8})\b", block))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    full = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits  # noqa: PLR2004
    parts = [int(full[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _swatches(theme: str) -> str:
    known = tokens(theme)
    return "".join(
        f'<p class="on-{under}-{over}">{over} on {under}'
        f" <b>{contrast(known[over], known[under]):.1f} : 1</b></p>"
        for over, under in PAIRS
    )


def _swatch_styles() -> str:
    return "".join(
        f".on-{under}-{over}{{color:var(--{over});background:var(--{under})}}"
        for over, under in PAIRS
    )


def _specimen(made: Environment, one: Specimen, mark: str) -> str:
    source = f'{{% import "parts.html" as p %}}{one.source}'
    given = msgspec.to_builtins(one.given)
    html = made.render_str(source, "specimen.html", given=given, view=given, counts={})
    own = _IDS.sub(lambda found: f'{found[1]}="{found[2]}-{mark}"', html)
    return f"<figure><figcaption>{escape(one.state)}</figcaption>{own}</figure>"


def _section(made: Environment, part: Part, number: int) -> str:
    halves = "".join(
        f'<div data-theme="{theme}">'
        + "".join(
            _specimen(made, one, f"{theme}-{number}-{n}") for n, one in enumerate(part.specimens)
        )
        + "</div>"
        for theme in THEMES
    )
    return (
        f"<section><h2>{escape(part.name)}</h2><p>{escape(part.about)}</p>"
        f'<div class="themes">{halves}</div></section>'
    )


def _numbers() -> str:
    return "".join(
        f'<tr><th scope="row">{escape(rule)}</th><td>{escape(" · ".join(examples))}</td></tr>'
        for rule, examples in NUMBERS
    )


def page() -> str:
    """Return the whole page."""
    made = environment("en")
    swatches = "".join(
        f'<div data-theme="{theme}"><div class="swatches">{_swatches(theme)}</div></div>'
        for theme in THEMES
    )
    sections = "\n".join(_section(made, part, number) for number, part in enumerate(PARTS))
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glasshouse · Design system</title>
<style>{styles()}{_OWN}{_swatch_styles()}</style></head>
<body><main class="gallery">
<h1>Design system</h1>
<p>Made from the templates and styles of the pages by <code>scripts/design_system.py</code>.</p>
<section><h2>Colours</h2><p>What is written on what. WCAG 2.2 AA asks for a contrast of 4.5 : 1.</p>
<div class="themes">{swatches}</div></section>
<section><h2>Numbers and times</h2><p>In one way everywhere, by <code>web/format.py</code>.</p>
<div class="panel"><table><tbody>{_numbers()}</tbody></table></div></section>
{sections}
</main></body></html>
"""


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(page(), "utf-8")
