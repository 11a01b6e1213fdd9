"""From a typed view to HTML, with MiniJinja templates that are read once.

Every value is escaped: no template marks anything as safe, and an undefined name is an error. No
page contains inline script or style.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from importlib import resources

import msgspec
from minijinja import Environment

from glasshouse.monitor.snapshot import Snapshot
from glasshouse.monitor.view import ServerView
from glasshouse.web.presentation.identity import PageViewer, whose
from glasshouse.web.request.admission import sees_audit
from glasshouse.web.request.context import PageContext, PageResult
from glasshouse.web.request.form_errors import untold
from glasshouse.web.text import format as fmt
from glasshouse.web.text.browser_messages import SPOKEN
from glasshouse.web.text.i18n import LANGUAGES, LOCALES, Language, t

STATIC = "/static/"

NAVIGATION = (
    ("overview", "", "Overview", "o"),
    ("search", "/search", "Search", "a"),
    ("queues", "/queues", "Queues", "q"),
    ("busy", "/busy", "Busy", "b"),
    ("retries", "/retries", "Retries", "r"),
    ("scheduled", "/scheduled", "Scheduled", "s"),
    ("dead", "/dead", "Dead", "d"),
    ("finished", "/finished", "Finished", "f"),
    ("history", "/history", "History", "h"),
    ("parameters", "/parameters", "Parameters", "p"),
)
_NOT_COUNTED = frozenset({"overview", "search", "finished", "history", "parameters"})


class NavItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the navigation; ``count`` is empty until the server was read."""

    name: str
    href: str
    label: str
    key: str
    count: str
    counted: bool
    current: bool


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """What the layout shows around every page."""

    title: str
    locale: str
    theme: str
    server: str
    feed: str
    topic: str
    nav: tuple[NavItem, ...]
    servers: tuple[str, ...]
    checked: fmt.Moment | None
    fault: str
    fault_remedy: str
    fault_since: fmt.Moment | None
    spoken: str
    live: bool
    whose: PageViewer
    posted: bool
    mishap: str
    audit: bool
    acts: bool
    ro: bool
    trash: bool
    base: str
    languages: tuple[Language, ...]


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, and what to do next."""

    status: int
    code: str
    detail: str
    remedy: str
    home: str


class Renderer:
    """Lays out pages; see ``context.PageRenderer``."""

    def __init__(self, manifest: Mapping[str, str], base: str = "") -> None:
        """Read all templates; ``manifest`` maps logical asset names to built files.

        ``base`` is the path under which people reach the console, without a trailing slash.
        """
        self._base = base
        self._environments = {locale: environment(locale) for locale in LOCALES}
        self._assets = {
            "app": _asset(manifest, "app.js"),
            "theme": _asset(manifest, "theme.js"),
            "style": _asset(manifest, "style.css"),
            "worker": _asset(manifest, "live-worker.js"),
            "json_worker": _asset(manifest, "json-worker.js"),
            "icon": _asset(manifest, "favicon.svg"),
        }

    def page(self, result: PageResult, context: PageContext) -> bytes:
        """Return the whole HTML document."""
        context = result.about or context
        shell = _shell(
            result.title,
            context,
            current=_current(result.template),
            live=result.live,
            read_at=result.read_at,
        )
        return self._layout(
            shell,
            result.template,
            result.view,
            counts=_counts(context),
            reading=_reading(context),
        )

    def fragment(self, result: PageResult, context: PageContext) -> bytes:
        """Return the inner HTML of ``<main id="live">``."""
        text: str = self._environments[_locale(context.locale)].render_template(
            result.template,
            view=msgspec.to_builtins(result.view),
            counts=_counts(context),
            reading=_reading(context),
        )
        return placed(text, self._base).encode()

    def error(
        self, status: int, code: str, detail: str, remedy: str, context: PageContext | None
    ) -> bytes:
        """Return a whole HTML document that states what went wrong and what to do."""
        locale = "en" if context is None else context.locale
        view = _error_view(status, code, detail, remedy, context)
        title = (
            t("Not found", locale)
            if status == HTTPStatus.NOT_FOUND
            else t("Something went wrong", locale)
        )
        shell = _shell(title, context, current="", live=False)
        if status == HTTPStatus.SERVICE_UNAVAILABLE and context is not None and shell.nav:
            # A page that waits for the server shows what is known about it.
            nav = _nav(context, shell.server, "", _counts(context))
            shell = msgspec.structs.replace(shell, nav=nav)
        return self._layout(shell, "error.html", view, counts={}, reading=False)

    def error_fragment(
        self, status: int, code: str, detail: str, remedy: str, context: PageContext
    ) -> bytes:
        """Return the inner HTML of ``<main id="live">`` that states what went wrong."""
        view = _error_view(status, code, detail, remedy, context)
        return self.fragment(PageResult(template="error.html", view=view, title=""), context)

    def _layout(
        self,
        shell: Shell,
        template: str,
        view: msgspec.Struct,
        *,
        counts: Mapping[str, str],
        reading: bool,
    ) -> bytes:
        text: str = self._environments[shell.locale].render_template(
            "layout.html",
            inner=template,
            view=msgspec.to_builtins(view),
            shell=msgspec.to_builtins(msgspec.structs.replace(shell, base=self._base)),
            assets=self._assets,
            counts=counts,
            reading=reading,
        )
        return placed(text, self._base).encode()


def _error_view(
    status: int, code: str, detail: str, remedy: str, context: PageContext | None
) -> ErrorView:
    locale = "en" if context is None else context.locale
    return ErrorView(
        status=status,
        code=fmt.display_text(code),
        detail=fmt.display_text(t(detail, locale)),
        remedy=fmt.display_text(t(remedy, locale)),
        home="/" if context is None or context.server is None else f"/{context.server.name}",
    )


# Quotes in text and values are escaped: only an attribute in a template looks like this.
_ADDRESS = re.compile(
    r'((?<= )(?:href|src|action|data-stored|data-worker|data-json-worker)=")(?=/|&#x2f;)'
)


def placed(html: str, base: str) -> str:
    """Return a page whose own addresses begin with ``base``."""
    return _ADDRESS.sub(lambda match: match[1] + base, html) if base else html


def environment(locale: str) -> Environment:
    """Return all templates of the package in one language; undefined names are errors."""
    folder = resources.files("glasshouse.web") / "templates"
    templates = {
        item.name: item.read_text("utf-8")
        for item in folder.iterdir()
        if item.name.endswith(".html")
    }
    environment = Environment(
        templates=templates,
        debug=False,
        undefined_behavior="strict",
        auto_escape_callback=lambda _: "html",
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.add_global("_", _translator(locale))
    return environment


def _translator(locale: str) -> Callable[..., str]:
    def translate(text: str, **values: object) -> str:
        return t(text, locale, **values)

    return translate


@functools.cache
def _spoken(locale: str) -> str:
    return json.dumps({text: t(text, locale) for text in SPOKEN}, ensure_ascii=False)


def _shell(
    title: str,
    context: PageContext | None,
    *,
    current: str,
    live: bool = True,
    read_at: float | None = None,
) -> Shell:
    locale = "en" if context is None else _locale(context.locale)
    server = None if context is None else context.server
    source = server if server is not None or not live else _first(context)
    snapshot = None if source is None else source.snapshot
    now = 0.0 if context is None else context.now
    fault = None if snapshot is None else snapshot.fault
    checked = None if snapshot is None else snapshot.checked_at
    if checked is not None and read_at is not None:
        # A page is as old as the oldest part of it.
        checked = min(checked, read_at) or None
    return Shell(
        title=title,
        locale=locale,
        theme="system" if context is None else context.theme,
        server="" if server is None else server.name,
        feed="" if source is None else source.name,
        topic=fmt.display_text(context.path) if live and context is not None else "",
        nav=()
        if context is None or server is None
        else _nav(context, server.name, current, _counts(context) if live else {}),
        servers=() if context is None else context.monitor.names,
        checked=None if checked is None else fmt.moment(checked, now, locale),
        fault="" if fault is None else fmt.display_text(t(fault.detail, locale)),
        fault_remedy="" if fault is None else fmt.display_text(t(fault.remedy, locale)),
        fault_since=None if fault is None else fmt.moment(fault.since, now, locale),
        spoken=_spoken(locale),
        live=live and source is not None,
        whose=whose(context),
        posted=context is not None and context.slip is not None,
        mishap="" if context is None else untold(context.slip, locale),
        audit=context is not None and sees_audit(context.viewer, context.monitor),
        acts=context is not None and bool(context.powers),
        ro=server is not None or context is None or not context.viewer.signed_in,
        trash=server is not None
        and server.visibility.trash
        and context is not None
        and context.viewer.signed_in,
        base="",
        languages=tuple(LANGUAGES.values()),
    )


def _first(context: PageContext | None) -> ServerView | None:
    """Return the server whose stream carries the page that belongs to no server: the fleet."""
    if context is None or not context.monitor.names:
        return None
    return context.monitor.server(context.monitor.names[0])


def _nav(
    context: PageContext, server: str, current: str, counts: Mapping[str, str]
) -> tuple[NavItem, ...]:
    return tuple(
        NavItem(
            name=name,
            href=f"/{server}{path}",
            label=t(label, context.locale),
            key=key,
            count=counts.get(name, ""),
            counted=name not in _NOT_COUNTED,
            current=name == current,
        )
        for name, path, label, key in NAVIGATION
    )


def _counts(context: PageContext) -> dict[str, str]:
    """Return the numbers in the navigation; empty until the server was read."""
    snapshot: Snapshot | None = None if context.server is None else context.server.snapshot
    state = None if snapshot is None else snapshot.state
    if state is None:
        return {}
    numbers = {
        "queues": len(state.queues),
        "busy": state.sets.working,
        "retries": state.sets.retries,
        "scheduled": state.sets.scheduled,
        "dead": state.sets.dead,
    }
    return {name: fmt.number(value, context.locale) for name, value in numbers.items()}


def _reading(context: PageContext) -> bool:
    """Return whether the page's server is being read for the first time."""
    snapshot = None if context.server is None else context.server.snapshot
    return snapshot is not None and snapshot.state is None and snapshot.fault is None


def _current(template: str) -> str:
    name = template.removesuffix(".html")
    return "queues" if name == "queue" else name


def _locale(locale: str) -> str:
    return locale if locale in LOCALES else "en"


def _asset(manifest: Mapping[str, str], name: str) -> str:
    file = manifest.get(name, "")
    return STATIC + file.rsplit("/", 1)[-1] if file else ""
