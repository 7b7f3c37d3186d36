"""What the API answers, written as JSON: instants in ISO 8601 with their offset."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from flask import Response


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer; structs are written with all their fields, in their order."""
    text = json.dumps(body, default=_written, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, content_type="application/json")


def _written(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case msgspec.Struct():
            return msgspec.structs.asdict(value)
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
