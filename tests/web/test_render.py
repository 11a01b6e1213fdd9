"""Layout: escaping, the shell, and errors."""

from __future__ import annotations

from pathlib import Path

from glasshouse import web
from glasshouse.web.presentation.render import Renderer

TEMPLATES = Path(web.__file__).parent / "templates"


def test_no_template_marks_anything_as_safe_or_holds_inline_code() -> None:
    for file in TEMPLATES.glob("*.html"):
        text = file.read_text("utf-8")
        for forbidden in ("safe", "style=", "<style", " onclick", "javascript:"):
            assert forbidden not in text, (file.name, forbidden)


def test_an_error_page_needs_no_context() -> None:
    html = Renderer({}).error(400, "invalid", "<b>\u202e", "Do this.", None).decode()
    assert "&lt;b&gt;\\u202e" in html
    assert "Do this." in html


def test_assets_come_from_the_manifest() -> None:
    html = Renderer({"app.js": "app.1.js", "style.css": "style.2.css"}).error(
        404, "not_found", "No.", "", None
    )
    assert b"app.1.js" in html
    assert b"style.2.css" in html
