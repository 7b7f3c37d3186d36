"""Refusals as programs read them: ``application/problem+json`` (RFC 9457)."""

import json
from collections.abc import Mapping
from typing import Final

from flask import Response, request

PROBLEM_TYPE: Final = "application/problem+json"


def problem(status: int, title: str, detail: str, errors: Mapping[str, list[str]] | None = None) -> Response:
    """What is wrong and what to do; ``errors`` maps dotted field paths to their messages."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors is not None:
        body["errors"] = dict(errors)
    return Response(json.dumps(body, ensure_ascii=False), status, content_type=PROBLEM_TYPE)


def for_program() -> bool:
    """Whether the request comes from a program, which reads problems and not pages."""
    return request.path.startswith("/api/") or (request.blueprint or "").startswith("api")
