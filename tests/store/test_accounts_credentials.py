"""E-mail addresses and passwords of agents, on a real store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlalchemy import Engine

from store import passwords
from store.accounts import create_tables
from store.activations import Activations
from store.credentials import Credentials
from store.sessions import PasswordReplaced, Sessions
from store.transactions import creating
from tests.databases import only_sqlite
from tests.installations import QUICK

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
GOOD = "sept girafes dansent"


@pytest.fixture
def engine(open_engine: Callable[[str], Engine]) -> Engine:
    engine = open_engine("accounts")
    with creating(engine) as connection:
        create_tables(connection)
    return engine


@pytest.fixture
def credentials(engine: Engine) -> Credentials:
    return Credentials(engine, QUICK)


def test_only_the_right_password_of_the_right_agent_is_accepted(credentials: Credentials) -> None:
    credentials.set_password("zoe", GOOD, NOW)
    assert credentials.check("zoe", GOOD)
    assert not credentials.check("zoe", GOOD + " ")
    assert not credentials.check("luc", GOOD)
    assert credentials.has_password("zoe")
    assert not credentials.has_password("luc")


def test_an_agent_with_an_address_and_no_password_cannot_log_in(credentials: Credentials) -> None:
    credentials.set_email("luc", "luc@mairie.example")
    assert not credentials.check("luc", "")
    assert not credentials.has_password("luc")


@only_sqlite
def test_an_unknown_code_takes_as_long_as_a_known_one(engine: Engine) -> None:
    """One hash for each, at the same cost: the time itself would depend on what else the machine does."""

    class Verifying(PasswordHasher):
        costs: ClassVar[list[Parameters]] = []

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 — the library's name
            self.costs.append(extract_parameters(hash if isinstance(hash, str) else hash.decode()))
            return super().verify(hash, password)

    credentials = Credentials(engine, Verifying())
    credentials.set_password("zoe", GOOD, NOW)
    for code in ("zoe", "personne"):
        assert not credentials.check(code, "un mauvais mot de passe")
    known, unknown = Verifying.costs
    assert known == unknown


def test_getting_ready_for_unknown_codes_hashes_nothing(engine: Engine) -> None:
    class Verifying(PasswordHasher):
        verified = 0

        def hash(self, *_: object, **__: object) -> str:
            raise AssertionError("a hash costs a tenth of a second")

        def verify(self, *arguments: Any) -> Literal[True]:
            self.verified += 1
            return super().verify(*arguments)

    hasher = Verifying()
    assert Credentials(engine, hasher).check("personne", GOOD) is None
    assert hasher.verified == 1


def test_accents_typed_on_another_keyboard_are_the_same_password(credentials: Credentials) -> None:
    credentials.set_password("zoe", "été à la me\u0301diathèque", NOW)
    assert credentials.check("zoe", "e\u0301te\u0301 à la médiathèque")


def test_changing_the_address_keeps_the_password_and_back(credentials: Credentials) -> None:
    credentials.set_password("zoe", GOOD, NOW)
    credentials.set_email("zoe", "zoe@mairie.example")
    assert credentials.check("zoe", GOOD)
    credentials.set_password("zoe", GOOD + "!", NOW)
    assert credentials.email("zoe") == "zoe@mairie.example"
    credentials.set_email("luc", None)
    assert credentials.emails(["zoe", "luc", "eva"]) == {"zoe": "zoe@mairie.example"}
    assert credentials.email("eva") is None


def test_a_new_password_ends_sessions_and_links_of_that_agent_only(engine: Engine, credentials: Credentials) -> None:
    sessions, links = Sessions(engine), Activations(engine)
    for code in ("zoe", "luc"):
        sessions.open(code, NOW, f"session of {code}")
        links.issue(code, f"link of {code}", NOW, timedelta(days=1))
    credentials.set_password("zoe", GOOD, NOW)
    assert (len(sessions.of("zoe")), len(sessions.of("luc"))) == (0, 1)
    assert (links.find("link of zoe", NOW), links.find("link of luc", NOW)) == (None, "luc")


def test_a_hash_made_with_old_settings_is_renewed_at_login(engine: Engine, credentials: Credentials) -> None:
    credentials.set_password("zoe", GOOD, NOW)
    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    assert Credentials(engine, stronger).check("zoe", GOOD)
    with engine.connect() as connection:
        written = connection.exec_driver_sql("SELECT password_hash FROM credentials").scalar_one()
    assert "m=128,t=2" in written
    assert Credentials(engine, stronger).check("zoe", GOOD)


def test_two_logins_that_renew_a_hash_at_once_both_prove_the_password(engine: Engine, credentials: Credentials) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    for _ in range(5):
        credentials.set_password("zoe", GOOD, NOW)
        with ThreadPoolExecutor(4) as pool:
            proofs = list(pool.map(lambda _: Credentials(engine, stronger).check("zoe", GOOD), range(4)))
        assert len(set(proofs)) == 1
        assert proofs[0] is not None


def test_of_two_changes_at_once_one_happens_and_the_other_is_told(engine: Engine, credentials: Credentials) -> None:
    for _ in range(10):
        credentials.set_password("zoe", GOOD, NOW)
        proof = credentials.check("zoe", GOOD)
        assert proof is not None
        words = [f"{GOOD} {number}" for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda word, p=proof: credentials.change_password("zoe", p, word, NOW), words))
        won = [word for word, proof in zip(words, made, strict=True) if proof]
        assert len(won) == 1
        assert credentials.check("zoe", won[0]) == max(filter(None, made))


class TestSessionsOfAnOldPassword:
    """A session opens only while the password that was verified is the agent's: nothing slips in between."""

    def test_none_opens_once_it_was_replaced(self, engine: Engine, credentials: Credentials) -> None:
        credentials.set_password("zoe", GOOD, NOW)
        proof = credentials.check("zoe", GOOD)
        Sessions(engine).open("zoe", NOW, "first", verified=proof)
        credentials.set_password("zoe", GOOD, NOW)
        with pytest.raises(PasswordReplaced):
            Sessions(engine).open("zoe", NOW, "second", verified=proof)
        assert Sessions(engine).of("zoe") == []

    @pytest.mark.parametrize("how", ["set", "change", "link"])
    def test_none_survives_a_change_at_that_very_moment(
        self, engine: Engine, credentials: Credentials, how: str
    ) -> None:
        sessions, links = Sessions(engine), Activations(engine)
        credentials.set_password("zoe", GOOD, NOW)
        with ThreadPoolExecutor(4) as pool:
            for round_ in range(10):
                proof = credentials.check("zoe", GOOD)
                assert proof is not None
                links.issue("zoe", f"t{round_}", NOW, timedelta(days=1))
                changes = {
                    "set": lambda: credentials.set_password("zoe", GOOD, NOW),
                    "change": lambda p=proof: credentials.change_password("zoe", p, GOOD, NOW),
                    "link": lambda t=f"t{round_}": credentials.set_by_link(t, GOOD, NOW),
                }
                opened = [
                    pool.submit(sessions.open, "zoe", NOW, f"{round_} {number}", verified=proof) for number in range(3)
                ]
                pool.submit(changes[how]).result()
                refused = [isinstance(one.exception(), PasswordReplaced) for one in opened]
                assert all(one.exception() is None or told for one, told in zip(opened, refused, strict=True))
                assert sessions.of("zoe") == []


def test_no_password_stands_in_any_file(tmp_path: Path, credentials: Credentials) -> None:
    credentials.set_password("zoe", GOOD, NOW)
    assert not any(GOOD.encode() in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "password",
    [
        *("motdepasse1234", "Mot de passe 123456", "MOT-DE-PASSE-OUBLIÉ", "12345678901234", "azertyuiopqsdf"),
        *("aaaaaaaaaaaaaa", "password123456", "liberté égalité fraternité", "jetaimejetaime", "1a2z3e4r5t6y7u"),
    ],
)
def test_common_passwords_are_refused(password: str) -> None:
    assert passwords.faults(password) == [
        "Ce mot de passe est trop courant : choisissez une suite de mots que vous seul associez."
    ]


@pytest.mark.parametrize("password", [GOOD, "à" * 7 + "ù" * 7, "x7" * 7 + "!", "🦒" * 7 + "girafes", "a b c d e f g h"])
def test_no_composition_rules(password: str) -> None:
    assert passwords.faults(password) == []


@pytest.mark.parametrize(
    "password",
    ["camille.durand1234", "Camille DURAND 12!", "durand-camille-42", "12345camilledurand", "Lefèvre lefevre 1"],
)
def test_the_agents_own_code_or_name_with_little_else_is_refused(password: str) -> None:
    assert passwords.faults(password, "camille.durand", "Camille Durand-Lefèvre") == [
        "Ce mot de passe est presque votre code ou votre nom : 6 autres caractères au moins."
    ]
    assert passwords.faults(password, "max", "Max") == []


@pytest.mark.parametrize("password", ["camille.durand123456", "camille cueille des mûres", GOOD, "!" * 14])
def test_a_name_among_other_words_is_accepted(password: str) -> None:
    assert passwords.faults(password, "camille.durand", "Camille Durand-Lefèvre") == []
    assert passwords.faults(password, "é", "  ") == []


def test_lengths() -> None:
    assert passwords.faults("abcdefghijkm") == ["14 caractères au moins : il en manque 2."]
    assert passwords.faults("ab" * 64) == []
    assert passwords.faults("ab" * 64 + "c") == ["128 caractères au plus."]
    assert passwords.faults("quatorze\x00caractères") != []


def test_the_shipped_list_holds_only_passwords_that_length_lets_through() -> None:
    lines = (Path(passwords.__file__).parent / "common_passwords.txt").read_text("utf-8").splitlines()
    shipped = [line for line in lines if not line.startswith("#")]
    assert len(shipped) > 1_000
    assert all(passwords.SHORTEST <= len(line) <= passwords.LONGEST for line in shipped)
