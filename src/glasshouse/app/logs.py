"""The log: lines of ``key=value`` on stderr, our own and those of libraries."""

from __future__ import annotations

import logging
import sys
import threading

import structlog

from glasshouse.web.text import format as fmt


def configure_logs() -> None:
    """Send every log line to stderr as ``key=value``, from level info, libraries' warnings too.

    Invariant: a line begins with its time, and is one line whatever it contains.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _on_one_line,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "event"], bool_as_flag=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[_Relay(logging.WARNING)], level=logging.WARNING, force=True)
    sys.unraisablehook = _unraisable
    threading.excepthook = _in_thread


class _Relay(logging.Handler):
    """Passes on what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it like our own lines."""
        log = structlog.get_logger()
        fields = {"logger": record.name, "exc_info": record.exc_info}
        try:
            event = record.getMessage()
        except (TypeError, ValueError):
            event = record.msg
        log.log(record.levelno, str(event).strip(), **{k: v for k, v in fields.items() if v})


def _unraisable(hook: sys.UnraisableHookArgs) -> None:
    structlog.get_logger().error(
        "failed where nobody could be told",
        where=repr(hook.object),
        exc_info=hook.exc_value or hook.exc_type,
    )


def _in_thread(hook: threading.ExceptHookArgs) -> None:
    name = None if hook.thread is None else hook.thread.name
    structlog.get_logger().error(
        "thread failed", thread=name, exc_info=hook.exc_value or hook.exc_type
    )


def _on_one_line(
    _: object, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Escape control characters that a reader of the log might take for line breaks."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            # Line feeds are escaped by the renderer.
            event[name] = fmt.display_text(value, lines=True)
    return event
