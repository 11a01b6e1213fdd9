#!/usr/bin/env bash
# structlog 26.1.0: what `LogfmtRenderer` does with the ends of lines in a value.
#
# One would guess: one event is one line, for whoever reads it, and two values that differ are told apart.
# Seen: a line feed is written as `\n`, but a carriage return, U+0085, U+2028 and a vertical tab go out as
# they are: a reader that knows more ends of lines than `\n` (Python's `splitlines` is one) sees two lines,
# and the second looks like an event of its own. A value with a line feed, and one with a backslash and an
# `n`, come out as the same text: a backslash is escaped only where a blank, `=` or a quote is there too.
#
# Glasshouse spells control characters out before this renderer sees them. Nobody can read back from its
# logs, or another program's, which of the two a `\n` was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check structlog==26.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from structlog.processors import LogfmtRenderer

render = LogfmtRenderer(key_order=["event"])


def line(event: str) -> str:
    return render(None, "info", {"event": event, "level": "info"})


for end in "\n\r\x0b\x85\u2028":
    written = line(f"pushed{end}event=deleted")
    count = len(written.splitlines())
    print(ascii(end), "->", ascii(written), "- lines seen:", count)
    assert count == (1 if end == "\n" else 2)

broken, spelled = line("C:\new"), line(r"C:\new")
print("a line feed:", broken, "- a backslash and n:", spelled)
assert broken == spelled == r"event=C:\new level=info"
assert line(r"C:\new folder") == r'event="C:\\new folder" level=info'
PY
