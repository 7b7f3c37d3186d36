"""A password that changes while somebody logs in or changes it too: nobody stays in by the old one (P14)."""

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from store.credentials import Credentials
from store.throttles import FREE_FAILURES
from tests.installations import Town
from tests.web.building import app_of
from tests.web.conftest import PASSWORD, Visitor
from web.browsers import browser_label
from web.login import FAILED
from web.own_access import OVERTAKEN

NEW, OTHER = "quatre kayaks rouges", "six ormes centenaires"
CHANGE = {"present": PASSWORD, "password": NEW, "confirmation": NEW}


class Interrupted(PasswordHasher):
    """Something happens once, just after a password was looked at."""

    meanwhile: Callable[[], object] | None = None

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 — the library's own word
        right = super().verify(hash, password)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return right


@pytest.fixture
def hasher() -> Interrupted:
    return Interrupted()


@pytest.fixture
def visitor(town: Town, hasher: Interrupted) -> Visitor:
    """A browser of a town hall where something may happen between the check of a password and what follows."""
    return Visitor(app_of(town.installation, credentials=Credentials(town.installation.stores.accounts, hasher)))


def test_no_session_opens_with_a_password_replaced_while_it_was_checked(
    town: Town, visitor: Visitor, hasher: Interrupted
) -> None:
    hasher.meanwhile = lambda: town.installation.credentials.set_password("zoe", NEW, town.clock())
    answer = visitor.log_in("zoe")
    assert answer.status_code == 422
    assert FAILED in answer.text
    assert town.installation.sessions.of("zoe") == []
    assert visitor.get("/").status_code == 303
    assert visitor.log_in("zoe", NEW).status_code == 303


def test_of_two_changes_at_once_the_second_says_that_it_did_not_happen(
    town: Town, visitor: Visitor, hasher: Interrupted
) -> None:
    visitor.log_in("zoe")
    hasher.meanwhile = lambda: town.installation.credentials.set_password("zoe", OTHER, town.clock())
    answer = visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE)
    assert answer.status_code == 409
    assert OVERTAKEN in answer.text
    assert NEW not in answer.text
    assert town.installation.sessions.of("zoe") == []
    assert visitor.log_in("zoe", NEW).status_code == 422
    assert visitor.log_in("zoe", OTHER).status_code == 303


def test_of_two_changes_to_the_same_password_both_happened(town: Town, visitor: Visitor, hasher: Interrupted) -> None:
    visitor.log_in("zoe")
    hasher.meanwhile = lambda: town.installation.credentials.set_password("zoe", NEW, town.clock())
    assert visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE).status_code == 303
    assert visitor.get("/compte").status_code == 200


def test_one_s_own_present_password_chosen_again_is_no_failed_try(visitor: Visitor) -> None:
    visitor.log_in("zoe")
    same = CHANGE | {"password": PASSWORD, "confirmation": PASSWORD}
    answers = [visitor.send("/compte/mot-de-passe", page="/compte", **same) for _ in range(FREE_FAILURES + 1)]
    assert {answer.status_code for answer in answers} == {422}
    assert visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE).status_code == 303


@pytest.mark.parametrize("address", ["/deconnexion", "/compte/sessions", "/nulle-part"])
def test_a_login_leads_to_no_address_that_only_takes_forms(visitor: Visitor, address: str) -> None:
    assert visitor.log_in("zoe", next=address).location == "/"


@pytest.mark.parametrize("address", ["/compte", "/demandes/non-traitees?late=1", "/demandes/AEN%2D1", "/journal"])
def test_a_login_leads_to_the_page_asked_for(visitor: Visitor, address: str) -> None:
    assert visitor.log_in("zoe", next=address).location == address


KIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def test_a_session_says_with_what_it_was_opened_and_keeps_nothing_else(town: Town, visitor: Visitor) -> None:
    visitor.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    visitor.log_in("zoe")
    (session,) = town.installation.sessions.of("zoe")
    assert session.browser == "Firefox sous Windows"
    assert "Firefox sous Windows" in visitor.get("/compte").text
    visitor.client.environ_base["HTTP_USER_AGENT"] = "<script>alert(1)</script>"
    visitor.send("/deconnexion", page="/")
    visitor.log_in("zoe")
    assert [session.browser for session in town.installation.sessions.of("zoe")] == [None]


@pytest.mark.parametrize(
    ("header", "label"),
    [
        (FIREFOX, "Firefox sous Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox sous Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/126.0 Safari/537.36 Edg/126.0", "Edge sous Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Chrome/126.0 Mobile Safari/537.36", "Chrome sous Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KIT} Chrome/126.0 Safari/537.36", "Chrome sous ChromeOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) {KIT} Version/17.5 Safari/604.1", "Safari sur iPhone"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) {KIT} Version/17.5 Safari/605.1", "Safari sous macOS"),
        ("Firefox/1", "Firefox"),
        ("Windows", "Windows"),
        ("curl/8.5", None),
        ("", None),
        ("x" * 2_000 + "Firefox/1 Windows", None),
    ],
)
def test_browsers_and_systems_are_named(header: str, label: str | None) -> None:
    assert browser_label(header) == label
