"""Every route says who may use it, and lets in nobody else (P12)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from domain.rights import Role
from tests.installations import Town
from tests.web.building import app_of
from tests.web.conftest import Visitor, hidden
from web import access
from web.access import MissingRule, allowed, open_to_all, require_rules, rules_of, scope

OPEN = {
    *("/connexion", "/connexion/lien", "/activation/<token>", "/static/<path:filename>", "/manifest.webmanifest"),
    *("/aide", "/aide/<slug>", "/aide/raccourcis-clavier", "/aide/creer-un-raccourci"),
    *("/health/live", "/health/ready", "/metrics", "/api/v1/openapi.json"),
}
ROLES = ("agent", "head", "admin", "auditor", "analyst")
WORK = {"agent", "head"}
MEANT: dict[str, set[str]] = {
    "GET /administration": {"admin"},
    "POST /administration": {"admin"},
    "GET /demandes": WORK,
    "POST /demandes": WORK,
    "GET /demandes/<reference>": WORK | {"auditor"},
    "GET /demandes/<reference>/courriel": WORK,
    "GET /demandes/<reference>/cloture": WORK,
    "POST /recherche": WORK | {"auditor"},
    "GET /compteurs": WORK,
    "GET /filtres": WORK,
    "POST /filtres": WORK,
    "GET /operations": WORK,
    "GET /": set(ROLES),
    "GET /journal": set(ROLES),
    "POST /journal": set(ROLES),
    "GET /statistiques": set(ROLES),
    "GET /compte": set(ROLES),
    "POST /compte": WORK,
    "POST /compte/mot-de-passe": set(ROLES),
    "POST /compte/sessions": set(ROLES),
    "POST /deconnexion": set(ROLES),
}
"""Whom the town hall means to let in, by the longest beginning of an address; no rule of the program is read here."""


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
    for route in routes(staff, "GET"):
        answer = visitor.get(address := addressed(staff, route)[0])
        assert (answer.status_code, answer.location.split("?")[0]) == (303, "/connexion"), address


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_role_opens_and_sends_what_is_meant_for_it_and_nothing_else(staff: Staff, role: str, method: str) -> None:
    """A form sent empty is refused for what it lacks, or for the demand's state: never for the role."""
    right = {"GET": {200, 303, 409}, "POST": {303, 409, 422}}[method]
    opened = 0
    for route in routes(staff, method):
        visitor, address, made_up = staff.visitor(role), *addressed(staff, route)
        if method == "GET":
            answer = visitor.get(address)
        else:
            answer = visitor.client.post(address, data={"csrf_token": hidden(visitor.get("/").text, "csrf_token")})
        if role in meant(method, route):
            opened += 1
            assert answer.status_code in right | ({404} if made_up else set()), (route, answer.status_code)
            if answer.status_code == 303 and route != "/deconnexion":
                assert "/connexion" not in answer.location, route
        else:
            assert answer.status_code == 403, (route, answer.status_code)
    assert opened >= {"GET": 8, "POST": 4}[method]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_rule_says_what_the_town_hall_means(staff: Staff, method: str) -> None:
    for route, rule in routes(staff, method).items():
        assert {role.value for role in rule.roles} == meant(method, route), route


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


def routes(staff: Staff, method: str) -> dict[str, access.Rule]:
    """The routes behind the login, with their rule."""
    found = {}
    for rule in staff.app.url_map.iter_rules():
        declared = rules_of(staff.app.view_functions[rule.endpoint])
        wanted = declared.get("*") or declared.get(method)
        if method in (rule.methods or ()) and wanted is not None and wanted.roles:
            found[rule.rule] = wanted
    return found


def addressed(staff: Staff, route: str) -> tuple[str, bool]:
    """An address of a route, and whether a part of it names nothing that exists."""
    address = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", route)
    address = address.replace("<reference>", staff.reference).replace("<code>", "AEN")
    return re.sub(r"<[^>]*>", "1", address), "<" in address


def meant(method: str, route: str) -> set[str]:
    """Whom a route is meant for."""
    asked = f"{method} {route}"
    beginnings = [one for one in MEANT if asked == one or re.match(rf"{re.escape(one)}[./]", asked)]
    assert beginnings, f"{asked} is meant for nobody: say so in MEANT"
    return MEANT[max(beginnings, key=len)]


def test_the_decorators_leave_the_view_as_it_is() -> None:
    def view() -> str:
        return "page"

    assert open_to_all(view) is view
    assert allowed(Role.ADMIN)(view)() == "page"
