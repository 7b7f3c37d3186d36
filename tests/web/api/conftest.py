"""A town hall over real stores, and three programs that call its API, one for each scope."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from store.clients import SCOPES
from tests.installations import Town
from tests.web.answering import good_answers, good_applicant
from tests.web.building import app_of


class CalledTown(Town):
    """A town hall, Zoé of « État civil », and the programs that call it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.zoe = self.agent("zoe", "État civil")
        for scope in SCOPES:
            self.installation.clients.create(f"program-{scope}", token(scope), [scope], self.clock())
        self.app = app_of(self.installation)

    def body(self, procedure: str = "AEN", **changed: Any) -> dict[str, Any]:
        """A demand that the town hall accepts."""
        answers = good_answers(self.office.directory.definition(procedure))
        usual = {"procedure": procedure, "channel": "internet", "applicant": good_applicant(), "answers": answers}
        return usual | changed

    def post(self, body: Any, scope: str | None = "intake", **headers: str) -> TestResponse:
        """Hand in a demand, a second later; a body of bytes is sent as it is."""
        self.clock.move(seconds=1)
        sent: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.test_client().post(
            "/api/v1/demands", content_type="application/json", headers=bearer(scope) | named, **sent
        )

    def get(self, path: str, scope: str | None = "read", **query: Any) -> TestResponse:
        """Read something."""
        return self.app.test_client().get(f"/api/v1{path}", headers=bearer(scope), query_string=query or None)

    def received(self, procedure: str = "AEN", **changed: Any) -> str:
        """The reference of a new demand."""
        response = self.post(self.body(procedure, **changed))
        assert response.status_code == 201, response.text
        assert response.json is not None
        return str(response.json["reference"])

    def lived(self) -> str:
        """The reference of a demand that was taken, held, resumed and closed by Zoé."""
        reference = self.received()
        for action, *arguments in (
            ("take_in_charge",),
            ("put_on_hold", "piece_demandee", "Le livret de Madame Dupré"),
            ("resume",),
            ("close", "traitee", "Envoyé à Madame Dupré"),
        ):
            self.clock.move(hours=1)
            self.act(reference, self.zoe, action, *arguments)
        return reference


def token(scope: str) -> str:
    """The token of the program that has this scope."""
    return f"token-of-the-program-{scope}"


def bearer(scope: str | None) -> dict[str, str]:
    """The header that carries it; None sends none."""
    return {"Authorization": f"Bearer {token(scope)}"} if scope else {}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalledTown]:
    """One town hall for the tests of a module."""
    town = CalledTown(tmp_path_factory.mktemp("called") / "var")
    yield town
    town.close()
