"""P14: sessions and accounts, as promised; each case is counted, and the run ends with a line of counts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import TestResponse

from store.credentials import Credentials
from tests.faults.closing import PROPERTY
from tests.installations import Town
from tests.web.building import app_of
from tests.web.conftest import CIVIL, PASSWORD, Visitor
from web.login import FAILED, FREE_TRIES_FROM_ANYWHERE

NEW = "quatre kayaks rouges"
CHANGE = {"present": PASSWORD, "password": NEW, "confirmation": NEW}


class CountingHasher(PasswordHasher):
    """Says how much work passwords were; cheap, so that tests are quick."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.computed = 0

    def hash(self, *words: Any, **options: Any) -> str:
        self.computed += 1
        return super().hash(*words, **options)

    def verify(self, *words: Any) -> Any:
        self.computed += 1
        return super().verify(*words)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def credentials(town: Town, hasher: CountingHasher) -> Credentials:
    found = Credentials(town.installation.stores.accounts, hasher)
    found.set_password("zoe", PASSWORD, town.clock())
    return found


@pytest.fixture
def app(town: Town, credentials: Credentials, links: list[str]) -> Flask:
    return app_of(town.installation, credentials=credentials, send_link=links.append)


@pytest.fixture
def proves(record_property: Any) -> Callable[[str], None]:
    """Say what was proved, with counts."""

    def line(text: str) -> None:
        record_property(PROPERTY, f"P14: {text}")

    return line


def cookie_of(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("suivi")
    assert cookie is not None
    return cookie.value


def token_of(visitor: Visitor) -> str:
    with visitor.client.session_transaction() as session:
        token: str = session["token"]
    return token


def with_cookie(visitor: Visitor, cookie: str) -> Visitor:
    """A browser that was given a copy of somebody's cookie."""
    visitor.client.set_cookie("suivi", cookie)
    return visitor


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/compte").status_code == 200


def deactivate(town: Town, code: str, *, active: bool = False) -> None:
    town.office.directory.activate_agent(town.command("system:test"), code, active=active)


class TestSessions:
    def test_the_id_is_new_at_each_login_and_the_one_before_is_dead(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor], town: Town
    ) -> None:
        before = visitor.get("/connexion").headers.get("Set-Cookie", "")
        seen = set()
        for _ in range(3):
            visitor.log_in("zoe")
            seen.add(token_of(visitor))
            copied = cookie_of(visitor)
            assert is_in(visitor)
            visitor.send("/deconnexion", page="/")
            assert not is_in(with_cookie(new_visitor(), copied))
        assert len(seen) == 3
        assert not any(token in before for token in seen)
        assert town.installation.sessions.of("zoe") == []

    def test_a_cookie_planted_before_the_login_is_worth_nothing_after_it(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor]
    ) -> None:
        visitor.get("/connexion")
        planted = cookie_of(visitor)
        visitor.log_in("zoe")
        assert not is_in(with_cookie(new_visitor(), planted))

    def test_a_changed_password_ends_every_other_session_and_renews_this_one(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor], town: Town
    ) -> None:
        elsewhere = [new_visitor() for _ in range(3)]
        for one in (visitor, *elsewhere):
            one.log_in("zoe")
        old, before = cookie_of(visitor), token_of(visitor)
        answer = visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE)
        assert (answer.status_code, answer.location) == (303, "/compte")
        assert "vos autres sessions sont fermées" in visitor.get("/compte").text
        assert token_of(visitor) != before
        assert not any(is_in(one) for one in elsewhere)
        assert not is_in(with_cookie(new_visitor(), old))
        assert len(town.installation.sessions.of("zoe")) == 1
        assert new_visitor().log_in("zoe", PASSWORD).status_code == 422
        assert new_visitor().log_in("zoe", NEW).status_code == 303

    def test_a_password_chosen_by_a_link_ends_every_session(self, visitor: Visitor, town: Town, app: Flask) -> None:
        visitor.log_in("zoe")
        town.installation.activations.issue("zoe", "a-token", town.clock(), timedelta(days=3))
        assert Visitor(app).send("/activation/a-token", password=NEW, confirmation=NEW).status_code == 303
        assert not is_in(visitor)

    def test_deactivation_is_immediate_and_reactivation_revives_no_session(self, visitor: Visitor, town: Town) -> None:
        visitor.log_in("zoe")
        deactivate(town, "zoe")
        assert not is_in(visitor)
        assert visitor.log_in("zoe").status_code == 422
        deactivate(town, "zoe", active=True)
        assert not is_in(visitor)
        assert visitor.log_in("zoe").status_code == 303

    def test_rights_are_read_at_each_request(self, visitor: Visitor, town: Town) -> None:
        visitor.log_in("zoe")
        reference = town.submit()
        assert visitor.get(f"/demandes/{reference}").status_code == 200
        rights = town.agent("max", "Urbanisme et domaine public").rights
        town.office.directory.change_rights(town.command("system:test"), "zoe", rights)
        assert visitor.get(f"/demandes/{reference}").status_code == 404
        assert visitor.send(f"/demandes/{reference}/prise-en-compte", page="/").status_code == 404


class TestOwnSessions:
    """The list on « Mon compte »."""

    def test_they_are_listed_and_ended_one_by_one(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor], town: Town
    ) -> None:
        visitor.log_in("zoe")
        town.clock.move(minutes=5)
        other = new_visitor()
        other.log_in("zoe")
        page = visitor.get("/compte").text
        assert "Cette session" in page
        assert page.count('name="session"') == 1
        name = page.split('name="session" value="')[1].split('"')[0]
        assert not is_in(with_cookie(new_visitor(), name))
        answer = visitor.send("/compte/sessions", page="/compte", session=name)
        assert answer.status_code == 303
        assert (is_in(visitor), is_in(other)) == (True, False)
        assert visitor.send("/compte/sessions", page="/compte", session=name).status_code == 303
        assert "était déjà fermée" in visitor.get("/compte").text

    def test_the_others_are_ended_together(self, visitor: Visitor, new_visitor: Callable[[], Visitor]) -> None:
        others = [new_visitor() for _ in range(2)]
        for one in (visitor, *others):
            one.log_in("zoe")
        assert visitor.send("/compte/sessions", page="/compte").status_code == 303
        assert "2 sessions fermées." in visitor.get("/compte").text
        assert [is_in(one) for one in (visitor, *others)] == [True, False, False]

    def test_nobody_ends_the_session_of_another(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor], town: Town, credentials: Credentials
    ) -> None:
        town.agent("luc", CIVIL)
        credentials.set_password("luc", PASSWORD, town.clock())
        luc = new_visitor()
        luc.log_in("luc")
        visitor.log_in("zoe")
        name = town.installation.sessions.of("luc")[0].name
        visitor.send("/compte/sessions", page="/compte", session=name)
        visitor.send("/compte/sessions", page="/compte")
        assert is_in(luc)

    def test_those_that_lay_idle_are_not_listed(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor], town: Town
    ) -> None:
        new_visitor().log_in("zoe")
        town.clock.move(minutes=31)
        visitor.log_in("zoe")
        page = visitor.get("/compte").text
        assert "Fermer les autres sessions" not in page
        assert 'name="session"' not in page


class TestChangedPassword:
    @pytest.mark.parametrize(
        ("typed", "field", "sentence"),
        [
            ({"present": "un autre mot de passe"}, "present", "Ce n’est pas votre mot de passe actuel."),
            ({"present": ""}, "present", "À renseigner."),
            ({"password": "trop court"}, "password", "14 caractères au moins"),
            ({"password": "zoe ZOE zoe zoe zoe"}, "password", "presque votre code"),
            ({"confirmation": "quatre kayaks bleus"}, "confirmation", "ne sont pas les mêmes"),
            ({"password": PASSWORD, "confirmation": PASSWORD}, "password", "déjà votre mot de passe"),
        ],
    )
    def test_a_faulty_one_changes_nothing_and_shows_no_password(
        self, visitor: Visitor, typed: dict[str, str], field: str, sentence: str
    ) -> None:
        visitor.log_in("zoe")
        answer = visitor.send("/compte/mot-de-passe", page="/compte", **(CHANGE | typed))
        assert answer.status_code == 422
        assert sentence in answer.text
        assert f'id="f-{field}-error"' in answer.text
        assert not any(word in answer.text for word in (CHANGE | typed).values() if word)
        assert is_in(visitor)
        assert visitor.send("/connexion", page="/compte", code="zoe", password=PASSWORD).status_code == 303

    def test_guesses_are_slowed_down_and_the_agent_is_not_locked_out(self, visitor: Visitor, town: Town) -> None:
        visitor.log_in("zoe")
        wrong = CHANGE | {"present": "un autre mot de passe"}
        answers = [visitor.send("/compte/mot-de-passe", page="/compte", **wrong) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert answers[-1].headers["Retry-After"] == "1"
        town.clock.move(seconds=1)
        assert visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE).status_code == 303

    def test_a_form_without_the_token_changes_nothing_and_shows_no_password(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor]
    ) -> None:
        visitor.log_in("zoe")
        answer = visitor.client.post("/compte/mot-de-passe", data=CHANGE)
        assert answer.status_code == 400
        assert PASSWORD not in answer.text
        assert new_visitor().log_in("zoe", PASSWORD).status_code == 303

    @pytest.mark.parametrize("role", ["admin", "auditor", "analyst", "head"])
    def test_every_role_changes_his_own(
        self, new_visitor: Callable[[], Visitor], town: Town, credentials: Credentials, role: str
    ) -> None:
        town.agent("une", CIVIL, role=role)
        credentials.set_password("une", PASSWORD, town.clock())
        visitor = new_visitor()
        visitor.log_in("une")
        assert visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE).status_code == 303


class TestLinks:
    def test_it_serves_once_and_looking_at_it_consumes_nothing(
        self, new_visitor: Callable[[], Visitor], town: Town, proves: Callable[[str], None]
    ) -> None:
        town.agent("eva", CIVIL)
        town.installation.activations.issue("eva", "a-token", town.clock(), timedelta(days=3))
        link, looks = "/activation/a-token", 20
        for _ in range(looks):
            scanner = new_visitor()
            assert scanner.get(link).status_code == 200
            assert scanner.client.head(link).status_code == 200
        first, second = new_visitor(), new_visitor()
        token = second.token()
        assert first.send(link, password=NEW, confirmation=NEW).status_code == 303
        late = {"csrf_token": token, "password": "six ormes centenaires", "confirmation": "six ormes centenaires"}
        assert second.client.post(link, data=late).status_code == 404
        assert new_visitor().log_in("eva", NEW).status_code == 303
        proves(f"a link looked at {2 * looks} times set 1 password, then none")

    def test_the_latest_ends_the_earlier_ones(self, visitor: Visitor, town: Town) -> None:
        town.agent("eva", CIVIL)
        for token in ("first", "second", "third"):
            town.installation.activations.issue("eva", token, town.clock(), timedelta(days=3))
        found = [visitor.get(f"/activation/{token}").status_code for token in ("first", "second", "third")]
        assert found == [404, 404, 200]

    def test_a_changed_password_ends_the_links_on_their_way(self, visitor: Visitor, town: Town) -> None:
        town.installation.activations.issue("zoe", "a-token", town.clock(), timedelta(days=3))
        visitor.log_in("zoe")
        visitor.send("/compte/mot-de-passe", page="/compte", **CHANGE)
        assert visitor.get("/activation/a-token").status_code == 404


class TestUnknownCodes:
    """The same answer and the same work, whatever was wrong."""

    def tries(self, town: Town, credentials: Credentials) -> dict[str, tuple[str, str]]:
        town.agent("eva", CIVIL)  # who never chose a password
        town.agent("luc", CIVIL)
        credentials.set_password("luc", PASSWORD, town.clock())
        deactivate(town, "luc")
        return {
            "wrong password": ("zoe", "un autre mot de passe"),
            "unknown code": ("personne", PASSWORD),
            "never activated": ("eva", PASSWORD),
            "deactivated": ("luc", PASSWORD),
        }

    def test_every_failure_costs_one_hash_and_reads_the_same(
        self,
        new_visitor: Callable[[], Visitor],
        town: Town,
        credentials: Credentials,
        hasher: CountingHasher,
        proves: Callable[[str], None],
    ) -> None:
        answers: dict[str, tuple[int, str, int]] = {}
        for name, (code, password) in self.tries(town, credentials).items():
            visitor = new_visitor()
            token, before = visitor.token(), hasher.computed
            answer = visitor.client.post("/connexion", data={"csrf_token": token, "code": code, "password": password})
            page = answer.text.replace(token, "").replace(f'value="{code}"', "")
            answers[name] = (answer.status_code, page, hasher.computed - before)
        assert set(answers.values()) == {answers["wrong password"]}
        status, page, hashes = answers["wrong password"]
        assert (status, hashes) == (422, 1)
        assert FAILED in page
        proves(f"{len(answers)} kinds of failed logins, one page, 1 hash each")

    def test_a_slowed_down_code_costs_no_hash_known_or_not(
        self, new_visitor: Callable[[], Visitor], hasher: CountingHasher
    ) -> None:
        seen = {}
        for code in ("zoe", "personne"):
            visitor = new_visitor()
            for _ in range(5):
                visitor.log_in(code, "faux")
            before = hasher.computed
            seen[code] = (visitor.log_in(code, PASSWORD).status_code, hasher.computed - before)
        assert seen == {"zoe": (429, 0), "personne": (429, 0)}

    def test_a_link_asked_for_computes_no_hash_and_answers_alike(
        self, visitor: Visitor, town: Town, credentials: Credentials, hasher: CountingHasher, links: list[str]
    ) -> None:
        codes, before = [code for code, _ in self.tries(town, credentials).values()], hasher.computed
        answers = [visitor.send("/connexion/lien", code=code) for code in codes]
        assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/connexion")}
        assert (links, hasher.computed) == (codes, before)


def test_delays_grow_to_a_minute_and_never_lock_out(
    visitor: Visitor, town: Town, app: Flask, proves: Callable[[str], None]
) -> None:
    """An attacker elsewhere costs the owner nothing; at the same place he costs him a minute at most."""

    def elsewhere(**fields: str) -> TestResponse:
        token = attacker.token()
        return attacker.client.post(
            "/connexion", data={"csrf_token": token, **fields}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
        )

    attacker, waits = Visitor(app), []
    for _ in range(40):
        answer = elsewhere(code="zoe", password="faux")
        if answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            town.clock.move(seconds=waits[-1])
    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert max(waits) == 60
    assert visitor.log_in("zoe").status_code == 303
    town.clock.move(seconds=60)
    assert elsewhere(code="zoe", password=PASSWORD).status_code == 303
    proves(f"{40 - len(waits)} wrong passwords, waits of {waits[0]} to {max(waits)} s, 0 locked out")


class TestManySources:
    """One account tried from everywhere: slowed down as a whole, and its owner goes in as before."""

    def attack(self, app: Flask, town: Town, number: int, code: str = "zoe") -> list[int]:
        """Wrong passwords, each from an address of its own; the seconds each had to wait, passed before the next."""
        attacker, waits = Visitor(app), []
        fields = {"csrf_token": attacker.token(), "code": code, "password": "faux"}
        for source in range(number):
            where = {"REMOTE_ADDR": f"2001:db8::{source:x}"}
            answer = attacker.client.post("/connexion", data=fields, environ_base=where)
            assert answer.status_code in (422, 429)
            waits.append(int(answer.headers.get("Retry-After", "0")))
            town.clock.move(seconds=waits[-1])
        return waits

    def test_the_delay_grows_for_all_sources_together(
        self, app: Flask, town: Town, proves: Callable[[str], None]
    ) -> None:
        waits = self.attack(app, town, FREE_TRIES_FROM_ANYWHERE + 20)
        assert waits[:FREE_TRIES_FROM_ANYWHERE] == [0] * FREE_TRIES_FROM_ANYWHERE
        assert [wait for wait in waits if wait] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        proves(f"{len(waits)} sources on one account wait up to {max(waits)} s together")

    def test_an_unknown_code_is_slowed_down_alike(self, app: Flask, town: Town) -> None:
        number = FREE_TRIES_FROM_ANYWHERE + 4
        assert self.attack(app, town, number, "personne") == self.attack(app, town, number)

    def test_the_owner_waits_nowhere_he_logged_in_before(
        self, visitor: Visitor, new_visitor: Callable[[], Visitor], app: Flask, town: Town
    ) -> None:
        visitor.log_in("zoe")
        visitor.send("/deconnexion", page="/")
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE)
        assert new_visitor().log_in("zoe").status_code == 429
        assert visitor.log_in("zoe").status_code == 303
        town.clock.move(seconds=60)
        assert new_visitor().log_in("zoe").status_code == 303

    def test_a_code_that_names_an_address_counts_for_nobody_there(
        self, visitor: Visitor, app: Flask, town: Town
    ) -> None:
        """A code is any text: none can be typed that is counted as another agent's at another address."""
        visitor.log_in("zoe")
        visitor.send("/deconnexion", page="/")
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE, "zoe from:127.0.0.1")
        assert visitor.log_in("zoe").status_code == 303

    def test_who_chose_his_password_by_a_link_waits_not_there(self, visitor: Visitor, app: Flask, town: Town) -> None:
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE)
        town.installation.activations.issue("zoe", "a-token", town.clock(), timedelta(days=3))
        assert visitor.send("/activation/a-token", password=NEW, confirmation=NEW).status_code == 303
        assert visitor.log_in("zoe", NEW).status_code == 303

    def test_a_browser_is_known_for_its_own_agents_only_and_for_half_a_year(
        self, visitor: Visitor, app: Flask, town: Town, credentials: Credentials
    ) -> None:
        town.agent("luc", CIVIL)
        credentials.set_password("luc", PASSWORD, town.clock())
        for code in ("luc", "zoe"):
            visitor.log_in(code)
            visitor.send("/deconnexion", page="/")
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE, "luc")
        assert visitor.log_in("luc").status_code == 303
        visitor.send("/deconnexion", page="/")
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE, "eva")
        assert visitor.log_in("eva").status_code == 429
        town.clock.move(days=181)
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE)
        assert visitor.log_in("zoe").status_code == 429

    def test_a_copied_or_forged_cookie_opens_nothing_and_is_slowed_down(
        self, visitor: Visitor, app: Flask, town: Town
    ) -> None:
        visitor.log_in("zoe")
        cookie = visitor.client.get_cookie("suivi-navigateur")
        assert cookie is not None
        assert cookie.http_only
        assert "zoe" not in cookie.value
        answers = []
        for source in range(6):
            thief = Visitor(app)
            thief.client.set_cookie("suivi-navigateur", cookie.value)
            fields = {"csrf_token": thief.token(), "code": "zoe", "password": "faux"}
            where = {"REMOTE_ADDR": f"2001:db8::{source:x}"}
            answers.append(thief.client.post("/connexion", data=fields, environ_base=where).status_code)
        assert answers == [422] * 5 + [429]
        self.attack(app, town, FREE_TRIES_FROM_ANYWHERE)
        forger = Visitor(app)
        forger.client.set_cookie("suivi-navigateur", cookie.value[:-4] + "AAAA")
        assert forger.log_in("zoe").status_code == 429
