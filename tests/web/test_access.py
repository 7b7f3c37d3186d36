"""Every route says who may use it, and lets in nobody else (P12)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from domain.rights import Role
from tests.installations import Town
from tests.web.building import app_of
from tests.web.conftest import Visitor
from web import access
from web.access import MissingRule, allowed, open_to_all, require_rules, rules_of, scope

OPEN = {
    *("/connexion", "/connexion/lien", "/activation/<token>", "/static/<path:filename>", "/manifest.webmanifest"),
    *("/aide", "/aide/<slug>", "/aide/raccourcis-clavier", "/aide/creer-un-raccourci"),
    *("/health/live", "/health/ready", "/metrics", "/api/v1/openapi.json"),
}
ROLES = ("agent", "head", "admin", "auditor", "analyst")


class Staff:
    """One person of each role, each logged in."""

    def __init__(self, folder: Path) -> None:
        self.town = Town(folder)
        self.app = app_of(self.town.installation)
        for role in ROLES:
            self.town.agent(f"un-{role}", "État civil", role=role)
        self.reference = self.town.submit()

    def visitor(self, role: str | None) -> Visitor:
        visitor = Visitor(self.app)
        if role is not None:
            token = self.town.random.randbytes(32).hex()
            self.town.installation.sessions.open(f"un-{role}", self.town.clock(), token)
            with visitor.client.session_transaction() as session:
                session["token"], session["code"] = token, f"un-{role}"
        return visitor


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    staff = Staff(tmp_path_factory.mktemp("staff") / "var")
    yield staff
    staff.town.close()


def test_every_route_has_a_rule(staff: Staff) -> None:
    for rule in staff.app.url_map.iter_rules():
        assert rules_of(staff.app.view_functions[rule.endpoint]), rule.rule


def test_only_these_addresses_are_open_to_all(staff: Staff) -> None:
    opened = {
        rule.rule
        for rule in staff.app.url_map.iter_rules()
        if any(found.everybody for found in rules_of(staff.app.view_functions[rule.endpoint]).values())
    }
    assert opened == OPEN


def test_a_route_without_a_rule_stops_the_program(staff: Staff) -> None:
    app = Flask("nothing")
    app.add_url_rule("/ouvert", "forgotten", lambda: "")
    with pytest.raises(MissingRule, match="forgotten"):
        require_rules(app, ["static"])


def test_a_view_class_needs_a_rule_for_each_method() -> None:
    class Both:
        methods = frozenset({"GET", "POST"})

        @scope("read")
        def get(self) -> str:
            return ""

        def post(self) -> str:
            return ""

    def view() -> str:
        return ""

    view.view_class = Both  # type: ignore[attr-defined]  # as Flask's View.as_view does
    assert rules_of(view) == {}
    Both.post = scope("intake")(Both.post)  # type: ignore[method-assign]
    assert rules_of(view)["POST"].scopes == {"intake"}


def test_a_rule_names_known_scopes_only() -> None:
    with pytest.raises(ValueError, match="everything"):
        scope("everything")


def test_visitors_get_the_login_page_instead_of_any_page_behind_it(staff: Staff) -> None:
    visitor = staff.visitor(None)
    for address, _ in pages(staff):
        answer = visitor.get(address)
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/connexion"), address


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_the_pages_of_its_rule_and_no_other(staff: Staff, role: str) -> None:
    visitor, seen = staff.visitor(role), 0
    for address, rule in pages(staff):
        status = visitor.get(address).status_code
        if Role(role) in rule.roles:
            assert status in (200, 303, 404, 409), (address, status)
        else:
            assert status == 403, (address, status)
        seen += 1
    assert seen > 8


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_refused_the_posts_of_other_roles(staff: Staff, role: str) -> None:
    visitor = staff.visitor(role)
    token = re.search(r'name="csrf_token" value="([^"]*)"', visitor.get("/").text)
    assert token is not None
    for address, rule in pages(staff, "POST"):
        if Role(role) in rule.roles:
            continue
        answer = visitor.client.post(address, data={"csrf_token": token[1]})
        assert answer.status_code == 403, address


def test_programs_are_asked_for_a_token_and_pages_do_not_take_it(staff: Staff) -> None:
    visitor = staff.visitor(None)
    staff.town.installation.clients.create("lecteur", "un-jeton", ["read"], staff.town.clock())
    for header in ("", "Bearer", "Bearer ", "Bearer autre", "Basic un-jeton", "Bearer " + "a" * 10_000):
        answer = visitor.get("/api/v1/demands", headers={"Authorization": header})
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json"), header
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    right = {"Authorization": "Bearer un-jeton"}
    assert visitor.get("/api/v1/demands", headers=right).status_code == 200
    assert visitor.client.post("/api/v1/demands", json={}, headers=right).status_code == 403
    assert visitor.get("/journal", headers=right).status_code == 303


def test_a_logged_in_agent_has_no_access_to_the_api_by_his_cookie(staff: Staff) -> None:
    assert staff.visitor("agent").get("/api/v1/demands").status_code == 401


def pages(staff: Staff, method: str = "GET") -> list[tuple[str, access.Rule]]:
    """The addresses behind the login, with their rule."""
    found = []
    for rule in staff.app.url_map.iter_rules():
        declared = rules_of(staff.app.view_functions[rule.endpoint])
        wanted = declared.get("*") or declared.get(method)
        if method in (rule.methods or ()) and wanted is not None and wanted.roles:
            address = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", rule.rule).replace("<reference>", staff.reference)
            found.append((re.sub(r"<[^>]*>", "1", address), wanted))
    return found


def test_the_decorators_leave_the_view_as_it_is() -> None:
    def view() -> str:
        return "page"

    assert open_to_all(view) is view
    assert allowed(Role.ADMIN)(view)() == "page"
