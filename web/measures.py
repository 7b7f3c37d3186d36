"""Counts and durations for operators, by endpoint and never by address: a reference is nobody's metric label."""

from time import perf_counter
from typing import Final

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from web import current

_KEY: Final = "suivi-measures"


class Measures:
    """One registry per application, so that two of them in one process never mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "suivi_http_requests_total",
            "Requests answered.",
            ("method", "endpoint", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "suivi_http_request_seconds", "Time to answer a request.", ("endpoint",), registry=self.registry
        )
        self.letters = Gauge("suivi_letters", "Letters to citizens by state.", ("state",), registry=self.registry)

    def note(self, response: Response) -> Response:
        """Count one answer."""
        endpoint = request.endpoint or "none"
        self.requests.labels(request.method, endpoint, response.status_code).inc()
        if "began" in g:
            self.seconds.labels(endpoint).observe(perf_counter() - g.began)
        return response

    def written(self) -> bytes:
        """Everything in Prometheus's text format."""
        for state, number in current.parts().outbox.counts().items():
            self.letters.labels(state).set(number)
        return generate_latest(self.registry)


def install(app: Flask) -> None:
    """Count and time every request."""
    found = Measures()
    app.extensions[_KEY] = found
    app.before_request(_begin)
    app.after_request(found.note)


def measures() -> Measures:
    """The measures of this application."""
    found: Measures = current_app.extensions[_KEY]
    return found


def _begin() -> None:
    g.began = perf_counter()
