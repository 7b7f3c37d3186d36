"""Those who speak to the service over HTTP: the web site, and agents in their browsers."""

import http.client
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from weakref import WeakSet

from tests.faults.hall import PASSWORD, TOKEN, form

PRESENT: "WeakSet[Visitor]" = WeakSet()
BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    text: str
    location: str = ""

    @property
    def bytes(self) -> bytes:
        """What came over the wire, whatever it is."""
        return self.text.encode(errors="surrogateescape")

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def require_refusal(answer: Answer) -> None:
    """A store that cannot be written is told in French, not as an error of the program."""
    assert answer.status == 503, answer.text
    assert "Service momentanément indisponible" in answer.text


def hidden(page: Answer, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found, f"no {name} on the page"
    return found[1]


class Visitor:
    """One connection to the service, kept while it lasts; cookies outlive it.

    ``asked_at`` is when the last request had left whole, ``unanswered`` whether its answer never came.
    """

    def __init__(self, port: int, timeout: float = 30) -> None:
        self.port, self._timeout = port, timeout
        self._connection: http.client.HTTPConnection | None = None
        self.asked_at = 0.0
        self.unanswered = False
        self._cookies: dict[str, str] = {}
        PRESENT.add(self)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One exchange; raises one of BROKEN when there is no whole answer."""
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self._timeout)
        try:
            self.unanswered = False
            self._connection.request(method, path, body, {name.replace("_", "-"): v for name, v in headers.items()})
            self.asked_at, self.unanswered = time.monotonic(), True
            response = self._connection.getresponse()
            text = response.read().decode(errors="surrogateescape")
            answer = Answer(response.status, text, response.getheader("Location", ""))
            self.unanswered = False
        except BROKEN:
            self.leave()
            raise
        self._keep_cookies(response)
        return answer

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep_cookies(self, response: http.client.HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value


class Site(Visitor):
    """The town's web site, which submits citizens' forms."""

    def submit(self, key: str, **changes: Any) -> Answer:
        return self.ask(
            "POST",
            "/api/v1/demands",
            json.dumps(form(**changes)).encode(),
            Authorization=f"Bearer {TOKEN}",
            Content_Type="application/json",
            Idempotency_Key=key,
        )


class AtWork(Visitor):
    """An agent, logged in."""

    def __init__(self, port: int, code: str) -> None:
        super().__init__(port)
        self.code, self._token = code, ""
        self._token = self._csrf("/connexion")
        assert self.post("/connexion", {"code": code, "password": PASSWORD}).status == 303
        self._token = self._csrf("/aide")

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        body = urlencode({**fields, "csrf_token": self._token}).encode()
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded")

    def act(self, reference: str, action: str, fields: Mapping[str, str]) -> Answer:
        return self.post(f"/demandes/{reference}/{action}", fields)

    def seen_version(self, reference: str) -> str:
        """The version in the forms of the demand's page."""
        return hidden(self.ask("GET", f"/demandes/{reference}"), "version")

    def log_in_again(self, page: Answer) -> Answer:
        """Through the login page that was answered instead, with the form that it keeps."""
        found = {name: hidden(page, name) for name in ("csrf_token", "kept")}
        self._token = found["csrf_token"]
        answer = self.post("/connexion", {"code": self.code, "password": PASSWORD, "kept": found["kept"]})
        self._token = self._csrf("/aide")
        return answer

    def _csrf(self, path: str) -> str:
        return hidden(self.ask("GET", path), "csrf_token")
