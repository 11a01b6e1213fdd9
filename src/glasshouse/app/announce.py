"""What the commands say: one ready line on stdout, everything for people on stderr."""

from __future__ import annotations

import json
import logging
import sys
import threading

import structlog

from glasshouse.model.errors import GlasshouseError
from glasshouse.settings import Address
from glasshouse.web.text import format as fmt


def say(text: str) -> None:
    """Tell the person at the terminal something."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_error(error: GlasshouseError) -> None:
    """Tell what failed and what to do, on one line."""
    say(" ".join(f"glasshouse: {error.detail} {error.remedy}".split()))


def ready_line(**addresses: object) -> None:
    """Print the contract's ready line; what is ``None`` is not known and left out."""
    known = {key: value for key, value in addresses.items() if value is not None}
    sys.stdout.write(json.dumps({"event": "ready", **known}) + "\n")
    sys.stdout.flush()


def console_url(address: Address, *, tls: bool = False) -> str:
    """Return the console's URL, with the friendly name where it is loopback IPv4."""
    host = "localhost" if address.host == "127.0.0.1" else address.url_host
    return f"{'https' if tls else 'http'}://{host}:{address.port}"


def faktory_url(address: Address, *, tls: bool = False) -> str:
    """Return the work server's address as Faktory clients write it."""
    return f"{'tcp+tls' if tls else 'tcp'}://{address}"


def configure_logs() -> None:
    """Send every log line to stderr as ``key=value``, from level info, libraries' warnings too.

    What always holds: a line begins with its time, and is one line whatever it tells of.
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
        """Log it as our own are."""
        log = structlog.get_logger()
        told = {"logger": record.name, "exc_info": record.exc_info}
        try:
            event = record.getMessage()
        except (TypeError, ValueError):
            event = record.msg
        log.log(record.levelno, str(event).strip(), **{k: v for k, v in told.items() if v})


def _unraisable(said: sys.UnraisableHookArgs) -> None:
    structlog.get_logger().error(
        "failed where nobody could be told",
        where=repr(said.object),
        exc_info=said.exc_value or said.exc_type,
    )


def _in_thread(said: threading.ExceptHookArgs) -> None:
    name = None if said.thread is None else said.thread.name
    structlog.get_logger().error(
        "thread failed", thread=name, exc_info=said.exc_value or said.exc_type
    )


def _on_one_line(
    _: object, __: str, said: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Write control characters, of which a log's reader might make lines, as what they are."""
    for name, told in said.items():
        if isinstance(told, str) and not told.isprintable():
            # Line feeds are written by the renderer.
            said[name] = fmt.display_text(told, lines=True)
    return said
