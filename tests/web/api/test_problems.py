"""How the API refuses: always a problem document, with the right status and the right headers."""

import pytest
from werkzeug.test import TestResponse

from domain.references import EXAMPLE
from tests.web.api.conftest import CalledTown, bearer, token
from web.problems import PROBLEM_TYPE

READING = ("/demands", f"/demands/{EXAMPLE}", f"/demands/{EXAMPLE}/history", "/journal", "/statistics")


def refusal(response: TestResponse, status: int) -> dict[str, object]:
    assert (response.status_code, response.mimetype) == (status, PROBLEM_TYPE)
    problem: dict[str, object] = response.json or {}
    assert problem.keys() >= {"type", "title", "status", "detail"}
    assert problem["status"] == status
    return problem


@pytest.mark.parametrize("path", [*READING, "/procedures"])
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic dG9rZW46", "Bearer unknown", f"Bearer {'x' * 5000}", "Bearer é"]
)
def test_without_a_known_token_nothing_is_read(town: CalledTown, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = town.app.test_client().get(f"/api/v1{path}", headers=headers)
    refusal(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_known_token_nothing_is_received(town: CalledTown) -> None:
    response = town.post(town.body(), scope=None, Idempotency_Key="k")
    refusal(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_is_unknown_at_the_next_call(town: CalledTown) -> None:
    town.installation.clients.create("guest", token("guest"), ["read"], town.clock())
    assert town.get("/demands", scope="guest").status_code == 200
    town.installation.clients.revoke("guest")
    refusal(town.get("/demands", scope="guest"), 401)


@pytest.mark.parametrize("path", READING)
def test_the_intake_scope_reads_nothing_but_procedures(town: CalledTown, path: str) -> None:
    refusal(town.get(path, scope="intake"), 403)
    assert town.get("/procedures", scope="intake").status_code == 200


@pytest.mark.parametrize("scope", ["read", "audit"])
def test_other_scopes_hand_in_nothing(town: CalledTown, scope: str) -> None:
    refusal(town.post(town.body(), scope=scope), 403)
    assert town.get("/procedures", scope=scope).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/demands/AEN-0000-0000-0000",
        "/demands/x",
        f"/demands/{'9' * 1000}",
        "/demands/%00",
        "/demands/AEN-7QK3-M2XD-H5TD/history",
    ],
)
def test_what_does_not_exist_is_not_found(town: CalledTown, path: str) -> None:
    response = town.get(path)
    assert response.status_code in (404, 400)
    refusal(response, response.status_code)


def test_a_miscopied_reference_says_so(town: CalledTown) -> None:
    reference = town.received()
    wrong = reference[:-1] + ("A" if reference[-1] != "A" else "B")
    problem = refusal(town.get(f"/demands/{wrong}"), 404)
    assert "mal recopiée" in f"{problem['title']} {problem['detail']}"


@pytest.mark.parametrize(
    ("path", "allowed"), [("/demands", {"GET", "HEAD", "OPTIONS", "POST"}), ("/journal", {"GET", "HEAD", "OPTIONS"})]
)
def test_a_method_that_is_not_allowed_names_those_that_are(town: CalledTown, path: str, allowed: set[str]) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        response = town.app.test_client().open(f"/api/v1{path}", method=method, headers=bearer("read"))
        refusal(response, 405)
        assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml"],
)
def test_what_is_not_json_is_refused(town: CalledTown, content_type: str) -> None:
    response = town.app.test_client().post(
        "/api/v1/demands", data=b"{}", content_type=content_type, headers=bearer("intake")
    )
    refusal(response, 415)


def test_a_body_that_is_too_large_is_refused(town: CalledTown) -> None:
    refusal(town.post(b'{"procedure": "' + b"x" * 300_000 + b'"}'), 413)


def test_no_csrf_token_is_asked_of_programs_and_answers_are_not_kept(town: CalledTown) -> None:
    response = town.post(town.body())
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
