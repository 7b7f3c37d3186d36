"""Logs for operators: JSON lines on stderr, and only keys that are known to carry nothing personal.

Libraries' own messages and tracebacks quote values (addresses, names, tokens), so of these only the logger, the kind
of error and where it happened are written.
"""

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final
from uuid import UUID


@contextlib.contextmanager
def _without_console() -> Iterator[None]:
    """structlog's console imports rich if it can: 4.5 MB of memory and a tenth of the start for what is never shown."""
    loaded = sys.modules.get("rich")
    sys.modules["rich"] = None  # type: ignore[assignment]  # how Python itself marks what cannot be imported
    try:
        yield
    finally:
        del sys.modules["rich"]
        if loaded is not None:
            sys.modules["rich"] = loaded


with _without_console():
    import structlog

get_logger: Final = structlog.get_logger
ALLOWED: Final = frozenset(
    {
        "event", "level", "timestamp", "logger", "error", "where", "why", "outcome", "mail_id", "attempt", "job",
        "agent", "reference", "count", "status", "method", "endpoint", "port", "seconds", "store", "version", "signal",
        "correlation_id",
    }
)  # fmt: skip
_LONGEST: Final = 200
_FRAMES: Final = 8


def configure(level: int = logging.INFO) -> None:
    """Send everything that is logged in this process through the allow-list."""
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, _stamp, _name_error, allow, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(_stderr),  # type: ignore[arg-type]  # all that print needs
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Libraries()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def allow(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep only known keys with plain, short values."""
    return {name: plain for name, value in event.items() if name in ALLOWED and (plain := _plain(value)) is not None}


def where(trace: TracebackType | None) -> list[str]:
    """The last functions of a traceback, without any value."""
    frames = [(frame.f_code, line) for frame, line in walk_tb(trace)][-_FRAMES:]
    return [f"{PurePath(code.co_filename).name}:{line} {code.co_name}" for code, line in frames]


class _Stderr:
    """stderr as it is now; a disk that is full under a redirected log never costs anybody an answer."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


_stderr: Final = _Stderr()


class _Libraries(logging.Handler):
    """What other libraries log, without their words."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        found = {"error": type(error).__name__, "where": where(error.__traceback__)} if error is not None else {}
        method = "error" if record.levelno >= logging.ERROR else "warning"
        getattr(structlog.get_logger(), method)("library", logger=record.name, **found)


def _stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return event


def _name_error(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception in hand is named and located, never printed."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event.setdefault("error", type(error).__name__)
        event["where"] = where(error.__traceback__)
    return event


def _plain(value: Any) -> Any:
    match value:
        case bool() | int() | float():
            return value
        case str():
            return value[:_LONGEST]
        case UUID():
            return str(value)
        case list() | tuple():
            return [plain for item in value if (plain := _plain(item)) is not None]
        case _:
            return None
