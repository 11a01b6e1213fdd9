#!/usr/bin/env bash
# selectolax 1.0.2 (Lexbor): a list of selectors of which two match the same node.
#
# One would guess: `css("a, b")` is a set of nodes, each once, as in a browser's querySelectorAll.
# Seen: a node comes once for each selector of the list that matches it. `css_first`, `:is(…)` and a list
# whose selectors exclude each other do not show it, so tests on small pages hardly will.
#
# Rows that are counted or added up come out too many. Glasshouse reads Faktory's pages with one selector at
# a time.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check selectolax==1.0.2 lxml==6.0.2 cssselect==1.3.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import lxml.html
from selectolax.lexbor import LexborHTMLParser

html = """<!doctype html><table>
<tr class="job late"><td>first</td></tr><tr class="job"><td>second</td></tr>
</table>"""
page = LexborHTMLParser(html)
for selectors, expected in (
    (".job, .late", ["first", "first", "second"]),
    (":is(.job, .late)", ["first", "second"]),
    (".job:not(.late), .late", ["first", "second"]),
):
    seen = [row.text().strip() for row in page.css(selectors)]
    other = [row.text_content().strip() for row in lxml.html.fromstring(html).cssselect(".job, .late")]
    print(selectors.ljust(24), seen, "- lxml:", other)
    assert seen == expected
    assert other == ["first", "second"]
one, again, _ = page.css(".job, .late")
assert one.mem_id == again.mem_id
PY
