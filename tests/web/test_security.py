"""Secure defaults: headers, limits, hosts, cookies, and pages that stand even when a store does not."""

import errno
import re
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError
from flask import Flask
from sqlalchemy.exc import OperationalError as StoreError

from domain.errors import NotAllowedNow, Overtaken, UnknownDemand
from domain.status import Status
from tests.installations import Town
from tests.web.building import app_of
from tests.web.conftest import PASSWORD, Visitor
from web import errors, frame, security, wording
from web.access import open_to_all
from web.help import TOPICS

SPRITE = Path("web/static/vendor/bootstrap-icons/bootstrap-icons.svg")


def test_every_answer_carries_the_protective_headers(visitor: Visitor) -> None:
    for address in ("/connexion", "/", "/nulle-part", "/health/live", "/static/suivi.css", "/api/v1/demands"):
        headers = visitor.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; "), address
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in headers


def test_pages_are_stored_nowhere_and_static_files_for_a_year(visitor: Visitor) -> None:
    visitor.log_in("zoe")
    page = visitor.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    address = re.search(r'href="(/static/suivi\.css\?v=[0-9a-f]+)"', page.text)
    assert address is not None
    assert visitor.get(address[1]).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in visitor.get("/static/suivi.css").headers["Cache-Control"]


def test_pages_have_no_inline_script_style_or_handler(visitor: Visitor) -> None:
    visitor.log_in("zoe")
    for address in ("/", "/demandes/non-traitees", "/aide", "/aide/raccourcis-clavier", "/journal", "/nulle-part"):
        text = visitor.get(address).text
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text), address


def test_on_https_the_cookie_of_a_known_browser_is_bound_to_the_host(town: Town) -> None:
    base = "https://suivi.exemple.fr"
    visitor = Visitor(app_of(town.installation, base_url=base), base)
    fields = {"csrf_token": visitor.token(), "code": "zoe", "password": PASSWORD}
    answer = visitor.client.post("/connexion", base_url=base, data=fields, headers={"Referer": f"{base}/connexion"})
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if "navigateur" in one)
    assert cookie.startswith("__Host-suivi-navigateur=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=15552000"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_on_https_the_cookie_is_bound_to_the_host(town: Town) -> None:
    app = app_of(town.installation, base_url="https://suivi.exemple.fr")
    answer = Visitor(app, "https://suivi.exemple.fr").get("/connexion")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-suivi=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:5000", "[::1]:8000", "[::1]", "LOCALHOST"])
def test_a_loopback_address_trusts_its_other_names(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["exemple.org", "localhost.exemple.org", "", "a b", "localhost:99999999"])
def test_other_hosts_are_refused(visitor: Visitor, host: str) -> None:
    assert visitor.client.get("/health/live", headers={"Host": host}).status_code == 400


def test_forwarded_headers_count_only_with_declared_hops(town: Town) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "exemple.org", "X-Forwarded-For": "9.9.9.9"}
    plain = app_of(town.installation)
    assert plain.test_client().get("/health/live", headers=forwarded).status_code == 200
    behind = app_of(town.installation, trusted_proxies=1)
    assert behind.test_client().get("/health/live", headers=forwarded).status_code == 400


def test_posts_without_a_token_are_refused_everywhere(visitor: Visitor, app: Flask) -> None:
    visitor.log_in("zoe")
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ()) and "/api/" not in rule.rule]
    assert len(posts) > 8
    for rule in posts:
        address = re.sub(r"<any\('([^']+)'[^>]*>", r"\1", rule.rule)
        address = re.sub(r"<[^>]*>", "AEN-0000-0000-0000", address)
        assert visitor.client.post(address, data={"code": "zoe"}).status_code == 400, rule.rule


def test_large_bodies_and_many_fields_are_refused(visitor: Visitor) -> None:
    token = visitor.token()
    large = visitor.client.post("/connexion", data={"csrf_token": token, "code": "z" * 260_000})
    assert large.status_code == 413
    many = "&".join(["csrf_token=" + token, *(f"a{number}=1" for number in range(1_001))])
    form = "application/x-www-form-urlencoded"
    assert visitor.client.post("/connexion", data=many, content_type=form).status_code == 413
    assert visitor.client.post("/demandes/selection", data=many, content_type=form).status_code != 413
    six_thousand = "&".join(["a=1"] * 6_001)
    assert visitor.client.post("/demandes/selection", data=six_thousand, content_type=form).status_code == 413
    assert visitor.get("/aide?" + "&".join(["a=1"] * 1_001)).status_code == 400


@pytest.mark.parametrize("address", ["/aide%00", "/aide?a=%00", "/aide?%00=a", "/aide/%ED%A0%80", "/aide?a=%ED%A0%80"])
def test_dangerous_characters_in_addresses_never_reach_a_page(visitor: Visitor, address: str) -> None:
    assert visitor.get(address).status_code in (200, 400, 404)


@pytest.mark.parametrize("name", ["a\x00b"])
def test_a_nul_in_a_form_is_refused(visitor: Visitor, name: str) -> None:
    assert visitor.send("/connexion", code=name, password="x").status_code == 400
    assert visitor.send("/connexion", code="zoe", password="x", **{name: "1"}).status_code == 400


def test_lone_surrogates_are_seen() -> None:
    assert security.has_dangerous_characters("a\ud800b")
    assert security.has_dangerous_characters("a\x00b")
    assert not security.has_dangerous_characters("Œuvre d’Éléonore 👩‍👧 漢字")


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (UnknownDemand("AEN-1"), 404, "ne relève pas de vos services"),
        (NotAllowedNow("AEN-7QK3", "Closed", Status.ON_HOLD, "zoe"), 409, "ne peut pas être clôturée"),
        (Overtaken("AEN-7QK3", Status.IN_PROGRESS, "zoe", "agent:zoe"), 409, "Zoe a été plus rapide"),
        (IntegrityError(), 409, "plus rapide"),
        (OperationalError("marie@exemple.fr"), 503, "momentanément indisponible"),
        (StoreError("INSERT", {}, Exception("disk full")), 503, "Rien n’a été enregistré"),
        (OSError(errno.ENOSPC, "no space"), 503, "Rien n’a été enregistré"),
    ],
)
def test_what_goes_wrong_is_said_in_french_and_as_a_problem_to_programs(
    town: Town, error: Exception, status: int, words: str
) -> None:
    app = _with_fault(town, error)
    page = app.test_client().get("/faute")
    assert page.status_code == status
    assert words in page.text
    assert "marie@exemple.fr" not in page.text
    told = app.test_client().get("/api/faute")
    assert (told.status_code, told.content_type) == (status, "application/problem+json")
    assert set(told.json or ()) == {"type", "title", "status", "detail"}


def test_a_fault_of_ours_is_a_plain_page_without_details(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    app = _with_fault(town, ZeroDivisionError("marie@exemple.fr"))
    app.testing = False
    page = app.test_client().get("/faute")
    assert page.status_code == 500
    assert "prévenez l’administrateur" in page.text
    logged = capsys.readouterr()
    assert "ZeroDivisionError" in logged.out + logged.err
    assert "marie@exemple.fr" not in page.text + logged.out + logged.err


def test_a_refused_form_shows_the_typed_text_again(town: Town) -> None:
    app = _with_fault(town, Overtaken("AEN-7QK3", Status.IN_PROGRESS, "zoe", "agent:zoe"))
    visitor = Visitor(app)
    page = visitor.send("/faute", comment="Livret reçu <b>hier</b>", event_type="piece", password="un secret à moi")
    assert page.status_code == 409
    assert "Livret reçu &lt;b&gt;hier&lt;/b&gt;" in page.text
    assert "un secret à moi" not in page.text


def test_a_method_that_does_not_exist_says_which_do(visitor: Visitor) -> None:
    answer = visitor.client.delete("/aide")
    assert answer.status_code in (400, 405)
    answer = visitor.client.open("/aide", method="TRACE")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_every_icon_used_is_in_the_sprite() -> None:
    known = set(re.findall(r'id="([a-z0-9-]+)"', SPRITE.read_text()))
    used = {
        name
        for path in Path("web/templates").rglob("*.html")
        for name in re.findall(r'icon\("([a-z0-9-]+)"', path.read_text())
    }
    used |= set(wording.KIND_ICONS.values()) | {icon for _, _, icon in frame._TOOLS} | {t.icon for t in TOPICS}
    assert used - known == set()


def test_every_error_has_one_place_in_the_table() -> None:
    kinds = [kind for kind, *_ in errors.TABLE]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, before) for before in kinds[:place]), kind


def test_health_ready_names_what_is_not(town: Town) -> None:
    app = app_of(town.installation, readiness=lambda: {"views": "12 facts behind"})
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, answer.json) == (503, {"status": "not ready", "reasons": {"views": "12 facts behind"}})
    assert app_of(town.installation).test_client().get("/health/ready").status_code == 200


def test_metrics_name_endpoints_and_never_addresses(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    reference = town.submit()
    visitor.get(f"/demandes/{reference}")
    text = visitor.get("/metrics").text
    assert 'endpoint="demands.show"' in text
    assert 'suivi_letters{state="queued"} 1.0' in text
    assert reference not in text


def _with_fault(town: Town, error: Exception) -> Flask:
    """The application with two addresses where this error strikes."""
    app = app_of(town.installation)
    if town.installation.people.agents().get("zoe") is None:
        town.agent("zoe")

    @open_to_all
    def fault() -> Any:
        raise error

    app._got_first_request = False
    app.add_url_rule("/faute", "fault", fault, methods=["GET", "POST"])
    app.add_url_rule("/api/faute", "api_fault", fault)
    return app


def test_a_form_of_thousands_of_parts_is_refused_in_words(visitor: Visitor) -> None:
    parts = {f"field{number}": "x" for number in range(3_000)}
    answer = visitor.client.post(
        "/connexion", base_url=visitor.base_url, data=parts, content_type="multipart/form-data"
    )
    assert answer.status_code == 413
