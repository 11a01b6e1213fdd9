"""The design system's page is made of the pages' own templates and styles, as they are now."""

from __future__ import annotations

from scripts import design_system
from scripts.specimens import PARTS


def test_the_page_is_up_to_date() -> None:
    assert design_system.TARGET.read_text("utf-8") == design_system.page(), (
        "build it anew: python -m scripts.design_system"
    )


def test_every_pair_of_colours_has_the_contrast_of_wcag_aa() -> None:
    for theme in design_system.THEMES:
        known = design_system.tokens(theme)
        for over, under in design_system.PAIRS:
            assert design_system.contrast(known[over], known[under]) >= 4.5, (theme, over, under)


def test_contrast_is_that_of_wcag() -> None:
    assert round(design_system.contrast("#000", "#ffffff"), 2) == 21
    assert round(design_system.contrast("#777777", "#fff"), 2) == 4.48


def test_a_dozen_parts_are_shown_and_each_has_a_state() -> None:
    assert len(PARTS) >= 12
    assert all(part.specimens for part in PARTS)
