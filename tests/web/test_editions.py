"""Whoever follows a page holds the newest one, however it changed and whatever was missed."""

from __future__ import annotations

import html
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from glasshouse.web.live.fragments import cut
from glasshouse.web.live.stream import Subscriber, event
from glasshouse.web.live.versions import FragmentVersions

TEXT = st.text(
    st.sampled_from("ab<>&\"'/ =\n\u202e") | st.characters(exclude_categories=["Cs"]), max_size=12
)
Part = tuple[str, str, list[tuple[str, str]]]
Written = list[Part | str]
PART = st.tuples(
    st.sampled_from(["tr", "tbody", "li", "dl", "p", "div", "section"]),
    st.sampled_from(["a", "b", "job-1", "job-2", "x.y"]),
    st.lists(st.tuples(st.sampled_from(["td", "div", "p", "section", "b"]), TEXT), max_size=3),
)
PAGE: st.SearchStrategy[Written] = st.lists(PART | TEXT, max_size=8)


def written(page: Written) -> str:
    """A page as a template writes it: text is escaped, ids may come twice, parts may nest."""
    out = []
    for piece in page:
        if isinstance(piece, str):
            out.append(f"<td>{html.escape(piece)}</td>")
        else:
            name, key, inside = piece
            said = "".join(f'<{tag} id="in-{tag}">{html.escape(t)}</{tag}>' for tag, t in inside)
            out.append(f'<{name} id="{key}" class="k">{said}</{name}>')
    return "".join(out)


class Viewer:
    """Somebody who follows the stream, as the browser does."""

    def __init__(self) -> None:
        self.digest: str | None = None
        self.pieces: list[str | tuple[str]] = []
        self.parts: dict[str, str] = {}
        self.gone = False

    def hear(self, said: bytes) -> None:
        for one in said.decode().split("\n\n")[:-1]:
            kind, data = one.split("\n")
            self._take(kind.removeprefix("event: "), json.loads(data.removeprefix("data: ")))

    def _take(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "tick":
            return
        self.gone = kind == "gone"
        if self.gone:
            return
        assert data["base"] in {None, self.digest}, "a change of something that it does not hold"
        self.digest = str(data["digest"])
        if kind == "patch":
            changed = dict(data["parts"])
            assert changed.keys() <= self.parts.keys()
            self.parts |= changed
            return
        pieces = data["pieces"]
        parts = {p[0]: p[1] if p[1:] else self.parts[p[0]] for p in pieces if isinstance(p, list)}
        self.pieces = [p if isinstance(p, str) else (p[0],) for p in pieces]
        self.parts = parts

    @property
    def page(self) -> str:
        return "".join(p if isinstance(p, str) else self.parts[p[0]] for p in self.pieces)


@given(PAGE)
def test_a_cut_page_put_together_is_the_page(page: Written) -> None:
    whole = written(page)
    cut_page = cut(whole.encode())
    assert "".join(p if isinstance(p, str) else p[-1] for p in cut_page.pieces()) == whole


@given(st.lists(st.tuples(PAGE | st.none(), st.booleans(), st.booleans()), max_size=8))
async def test_every_viewer_ends_with_the_newest_page(
    steps: list[tuple[Written | None, bool, bool]],
) -> None:
    topic = FragmentVersions("/main")
    viewers = [(Viewer(), Subscriber(lambda: event("tick", {}))) for _ in range(2)]
    last: list[tuple[Written | None, bool, bool]] = [(["end"], True, True)]
    for page, *reads in steps + last:
        new = topic.end() if page is None else topic.publish(cut(written(page).encode()))
        for (viewer, stream), reading in zip(viewers, reads, strict=True):
            if new:
                stream.tell(topic)
            if reading and stream.waiting:
                stream.pulse()
                viewer.hear(await anext(stream.events()))
                assert viewer.gone == (page is None)
                assert page is None or viewer.page == written(page)
    assert [viewer.page for viewer, _ in viewers] == [written(["end"])] * 2


@given(PAGE, PAGE)
def test_what_has_not_changed_is_not_sent_again(one: Written, other: Written) -> None:
    first, second = cut(written(one).encode()), cut(written(other).encode())
    assert (second.changed(first) == []) == (first.digest == second.digest)
    for piece in second.pieces(first):
        if isinstance(piece, tuple) and len(piece) == 2:
            assert first.parts.get(piece[0]) != piece[1]


def test_a_page_on_which_only_time_passes_has_not_changed() -> None:
    def said(words: str) -> bytes:
        return f'<p id="p"><time datetime="d" title="t" data-at="7.0">{words}</time></p>'.encode()

    assert cut(said("2 s ago")).digest == cut(said("3 s ago")).digest
