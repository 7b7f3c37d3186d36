"""Logging in and out, first passwords, and what happens to a form when the session ends (P14)."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from tests.installations import Town
from tests.web.conftest import CIVIL, PASSWORD, Visitor, hidden
from web.login import FAILED, LINK_SENT


def test_a_visitor_is_sent_to_the_login_page_and_back_to_the_page_asked_for(visitor: Visitor) -> None:
    asked = visitor.get("/demandes/non-traitees?late=1")
    assert asked.status_code == 303
    page = visitor.get(asked.location)
    assert page.status_code == 200
    assert "Je saisis mon code agent" in page.text
    assert "Je saisis mon mot de passe" in page.text
    assert "Je valide" in page.text
    logged = visitor.log_in("zoe", next=hidden(page.text, "next"))
    assert (logged.status_code, logged.location) == (303, "/demandes/non-traitees?late=1")
    assert visitor.get(logged.location).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://exemple.org/",
        "//exemple.org/",
        "/\\exemple.org",
        "/\t/exemple.org",
        "/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "https:/x",
        "",
    ],
)
def test_only_our_own_pages_follow_a_login(visitor: Visitor, elsewhere: str) -> None:
    assert visitor.log_in("zoe", next=elsewhere).location == "/"


@pytest.mark.parametrize(
    ("code", "password"),
    [("zoe", "pas celui de zoe"), ("personne", PASSWORD), ("inactif", PASSWORD), ("zoé", "ailleurs encore")],
)
def test_every_failure_gets_the_same_answer(town: Town, visitor: Visitor, code: str, password: str) -> None:
    town.agent("inactif", CIVIL)
    town.installation.credentials.set_password("inactif", PASSWORD, town.clock())
    town.office.directory.activate_agent(town.command("system:test"), "inactif", active=False)
    answer = visitor.log_in(code, password)
    assert answer.status_code == 422
    assert FAILED in answer.text
    assert "Recevoir un nouveau lien" in answer.text
    assert password not in answer.text
    assert visitor.get("/").status_code == 303


def test_blank_fields_are_named(visitor: Visitor) -> None:
    answer = visitor.send("/connexion", code="zoe", password="")
    assert answer.status_code == 422
    assert "À renseigner." in answer.text
    assert 'value="zoe"' in answer.text


def test_login_needs_the_token(visitor: Visitor) -> None:
    answer = visitor.client.post("/connexion", data={"code": "zoe", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Rien n’a été enregistré" in answer.text


def test_the_session_id_is_new_at_login(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    with visitor.client.session_transaction() as session:
        first = session["token"]
    visitor.send("/deconnexion", page="/")
    visitor.log_in("zoe")
    with visitor.client.session_transaction() as session:
        assert session["token"] != first
    assert len(town.installation.sessions.of("zoe")) == 1


def test_after_logging_out_a_copy_of_the_cookie_is_worth_nothing(
    visitor: Visitor, new_visitor: Callable[[], Visitor]
) -> None:
    visitor.log_in("zoe")
    cookie = visitor.client.get_cookie("suivi")
    assert cookie is not None
    assert visitor.send("/deconnexion", page="/").status_code == 303
    thief = new_visitor()
    thief.client.set_cookie("suivi", cookie.value)
    assert thief.get("/").status_code == 303


def test_logging_out_by_get_does_nothing(visitor: Visitor) -> None:
    visitor.log_in("zoe")
    assert visitor.get("/deconnexion").status_code == 405
    assert visitor.get("/").status_code == 200


def test_a_deactivated_agent_is_out_at_once(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    town.office.directory.activate_agent(town.command("system:test"), "zoe", active=False)
    assert visitor.get("/").status_code == 303
    assert town.installation.sessions.of("zoe") == []


def test_rights_are_read_at_each_request(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    assert visitor.get("/demandes/non-traitees").status_code == 200
    analyst = town.agent("noe", role="analyst").rights
    town.office.directory.change_rights(town.command("system:test"), "zoe", analyst)
    assert visitor.get("/demandes/non-traitees").status_code == 403


def test_a_page_that_refreshes_itself_does_not_keep_a_session_open(visitor: Visitor, town: Town) -> None:
    """Neither the numbers beside the sections nor the progress of an operation."""
    visitor.log_in("zoe")
    for _ in range(5):
        town.clock.move(minutes=5)
        assert visitor.get("/compteurs").status_code == 200
        assert visitor.get("/operations", headers={"HX-Request": "true"}).status_code == 200
    town.clock.move(minutes=5)
    assert visitor.get("/compteurs").status_code == 303


def test_a_session_ends_after_30_idle_minutes(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    town.clock.move(minutes=29)
    assert visitor.get("/").status_code == 200
    town.clock.move(minutes=29)
    assert visitor.get("/").status_code == 200
    town.clock.move(minutes=30)
    assert visitor.get("/").status_code == 303


def test_a_session_ends_after_10_hours(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    for _ in range(29):
        town.clock.move(minutes=20)
        assert visitor.get("/").status_code == 200
    town.clock.move(minutes=20)
    assert visitor.get("/").status_code == 303


def test_delays_grow_after_the_fifth_failure_and_nobody_is_locked_out(visitor: Visitor, town: Town) -> None:
    for _ in range(5):
        assert visitor.log_in("zoe", "faux").status_code == 422
    answer = visitor.log_in("zoe")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert "Attendez 1 seconde" in answer.text
    town.clock.move(seconds=1)
    assert visitor.log_in("zoe", "faux").status_code == 422
    assert visitor.log_in("zoe").headers["Retry-After"] == "2"
    for _ in range(10):
        town.clock.move(seconds=60)
        assert visitor.log_in("zoe", "faux").status_code == 422
    town.clock.move(seconds=60)
    assert visitor.log_in("zoe").status_code == 303


def test_an_unknown_code_is_slowed_down_alike(visitor: Visitor) -> None:
    answers = [visitor.log_in("personne", "faux").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_a_success_forgets_the_failures(visitor: Visitor) -> None:
    for _ in range(4):
        visitor.log_in("zoe", "faux")
    assert visitor.log_in("zoe").status_code == 303
    visitor.send("/deconnexion", page="/")
    assert [visitor.log_in("zoe", "faux").status_code for _ in range(4)] == [422] * 4


def test_a_source_that_tries_many_codes_is_slowed_down(visitor: Visitor) -> None:
    answers = [visitor.log_in(f"agent{number}", "faux").status_code for number in range(21)]
    assert answers == [422] * 20 + [429]


def test_a_new_link_is_asked_for_with_one_answer_for_any_code(visitor: Visitor, links: list[str]) -> None:
    pages = []
    for code in ("zoe", "personne"):
        answer = visitor.send("/connexion/lien", code=code)
        assert (answer.status_code, answer.location) == (303, "/connexion")
        pages.append(visitor.get("/connexion").text)
    assert LINK_SENT in pages[0]
    assert "Dès qu’il est parti, le lien précédent ne sert plus" in pages[0]
    without_tokens = [re.sub(r'value="[^"]*"', "", page) for page in pages]
    assert without_tokens[0] == without_tokens[1]
    assert links == ["zoe", "personne"]


def test_nobody_floods_a_mailbox_with_links(visitor: Visitor, links: list[str]) -> None:
    answers = [visitor.send("/connexion/lien", code="zoe").status_code for _ in range(8)]
    assert answers == [303] * 5 + [429] * 3
    assert len(links) == 5


@pytest.fixture
def link(town: Town) -> str:
    """An agent joined and got his link."""
    town.agent("eva", CIVIL)
    town.installation.activations.issue("eva", "a-token", town.clock(), timedelta(days=3))
    return "/activation/a-token"


def test_opening_the_link_consumes_nothing_and_the_form_sets_the_password_once(
    visitor: Visitor, new_visitor: Callable[[], Visitor], link: str
) -> None:
    for _ in range(3):
        page = visitor.get(link)
        assert page.status_code == 200
        assert "Eva" in page.text
    chosen = {"password": "des mots à moi seule", "confirmation": "des mots à moi seule"}
    done = visitor.send(link, **chosen)
    assert (done.status_code, done.location) == (303, "/connexion")
    assert visitor.log_in("eva", chosen["password"]).status_code == 303
    again = new_visitor()
    assert again.get(link).status_code == 404
    assert again.send(link, password="un autre mot de passe", confirmation="un autre mot de passe").status_code == 404
    assert again.log_in("eva", chosen["password"]).status_code == 303


@pytest.mark.parametrize(
    ("password", "confirmation", "sentence"),
    [
        ("trop court", "trop court", "14 caractères au moins : il en manque 4."),
        ("x" * 129, "x" * 129, "128 caractères au plus."),
        ("Mot de passe 123456", "Mot de passe 123456", "Ce mot de passe est trop courant"),
        ("azertyuiopqsdfghjklm", "azertyuiopqsdfghjklm", "Ce mot de passe est trop courant"),
        ("Eva-EVA-eva-eva-1234", "Eva-EVA-eva-eva-1234", "Ce mot de passe est presque votre code ou votre nom"),
        ("des mots à moi seule", "des mots à moi seul", "Les deux mots de passe ne sont pas les mêmes."),
        ("", "", "À renseigner."),
    ],
)
def test_a_refused_password_leaves_the_link_usable(
    visitor: Visitor, link: str, password: str, confirmation: str, sentence: str
) -> None:
    answer = visitor.send(link, password=password, confirmation=confirmation)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not password or password not in answer.text
    assert visitor.get(link).status_code == 200


def test_a_link_that_was_replaced_or_expired_says_what_to_do(visitor: Visitor, town: Town, link: str) -> None:
    town.installation.activations.issue("eva", "newer", town.clock(), timedelta(days=3))
    answer = visitor.get(link)
    assert answer.status_code == 404
    assert "Recevoir un nouveau lien" in answer.text
    town.clock.move(days=3)
    assert visitor.get("/activation/newer").status_code == 404


def test_a_new_password_ends_the_open_sessions(visitor: Visitor, town: Town) -> None:
    visitor.log_in("zoe")
    town.installation.credentials.set_password("zoe", "quatre kayaks rouges", town.clock())
    assert visitor.get("/").status_code == 303


def test_the_link_of_a_deactivated_agent_does_not_open(visitor: Visitor, town: Town, link: str) -> None:
    town.office.directory.activate_agent(town.command("system:test"), "eva", active=False)
    assert visitor.get(link).status_code == 404


class TestFormKeptWhenTheSessionEnds:
    """Nothing typed is lost, nothing is stored, and only the same agent sends it."""

    TEXT = "Livret reçu, il manque la page 2"

    def interrupted(self, visitor: Visitor, town: Town) -> str:
        visitor.log_in("zoe")
        reference = town.submit()
        token = hidden(visitor.get("/").text, "csrf_token")
        town.clock.move(minutes=31)
        answer = visitor.client.post(
            f"/demandes/{reference}/evenements",
            data={"csrf_token": token, "event_type": "piece_recue", "comment": self.TEXT, "password": "x"},
        )
        assert answer.status_code == 401
        assert "Ce que vous aviez saisi est conservé" in answer.text
        assert self.TEXT not in answer.text
        self.reference = reference
        return hidden(answer.text, "kept")

    def test_it_is_shown_again_after_login_and_can_be_sent(self, visitor: Visitor, town: Town) -> None:
        kept = self.interrupted(visitor, town)
        page = visitor.log_in("zoe", kept=kept)
        assert page.status_code == 200
        assert self.TEXT in page.text
        assert f'action="/demandes/{self.reference}/evenements"' in page.text
        assert 'name="password"' not in page.text

    def test_another_agent_does_not_get_it(self, visitor: Visitor, town: Town) -> None:
        kept = self.interrupted(visitor, town)
        town.agent("luc", CIVIL)
        town.installation.credentials.set_password("luc", PASSWORD, town.clock())
        answer = visitor.log_in("luc", kept=kept)
        assert answer.status_code == 303
        assert self.TEXT not in answer.text

    def test_it_is_kept_for_one_hour(self, visitor: Visitor, town: Town) -> None:
        kept = self.interrupted(visitor, town)
        town.clock.move(minutes=61)
        assert visitor.log_in("zoe", kept=kept).status_code == 303

    def test_a_forged_one_is_ignored(self, visitor: Visitor) -> None:
        assert visitor.log_in("zoe", kept="AAAA" * 40).status_code == 303


def test_the_cookie_is_shut_to_scripts_and_other_sites(app: Flask) -> None:
    visitor = Visitor(app)
    cookie = visitor.log_in("zoe").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
