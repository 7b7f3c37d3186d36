"""For operators: whether the service lives, whether it is ready, and its figures; nothing personal."""

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from web import current
from web.access import open_to_all
from web.measures import measures

health = Blueprint("health", __name__)


@health.get("/health/live")
@open_to_all
def live() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@health.get("/health/ready")
@open_to_all
def ready() -> tuple[Response, int]:
    """The stores answer and the read models are caught up; 503 with the reasons otherwise."""
    reasons = current.parts().readiness()
    return jsonify(status="not ready" if reasons else "ok", reasons=reasons), 503 if reasons else 200


@health.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Prometheus's text format."""
    return Response(measures().written(), content_type=CONTENT_TYPE_LATEST)
