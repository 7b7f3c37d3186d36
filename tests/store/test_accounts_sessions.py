"""Sessions, links, throttles, programs, the access log and the clock's leases, on a real store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from domain.errors import AlreadyExists, Invalid, UnknownClient
from store import named_filters
from store.access_log import Access, AccessLog
from store.accounts import create_tables, name_browsers
from store.activations import Activations
from store.clients import ApiClients
from store.credentials import Credentials
from store.leases import Leases
from store.sessions import Sessions, session_name
from store.throttles import Throttles
from store.transactions import creating
from tests.installations import QUICK

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=10)
GOOD = "sept girafes dansent"
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def engine(open_engine: Callable[[str], Engine]) -> Engine:
    engine = open_engine("accounts")
    with creating(engine) as connection:
        create_tables(connection)
        named_filters.create_tables(connection)
    return engine


class TestSessions:
    def test_a_token_finds_its_session_and_its_hash_alone_is_kept(self, engine: Engine, tmp_path: Path) -> None:
        sessions = Sessions(engine)
        assert sessions.open("zoe", NOW, "a token of thirty-two characters") == "a token of thirty-two characters"
        found = sessions.find("a token of thirty-two characters", NOW, IDLE, ABSOLUTE)
        assert found is not None
        assert found.agent == "zoe"
        assert sessions.find("another", NOW, IDLE, ABSOLUTE) is None
        assert not any(b"thirty-two" in path.read_bytes() for path in tmp_path.iterdir())

    def test_use_is_noted_once_a_minute_at_most(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        sessions.open("zoe", NOW, "t")
        sessions.find("t", NOW + 59 * SECOND, IDLE, ABSOLUTE)
        assert sessions.of("zoe")[0].seen_at == NOW
        sessions.find("t", NOW + MINUTE, IDLE, ABSOLUTE)
        assert sessions.of("zoe")[0].seen_at == NOW + MINUTE

    def test_a_page_that_refreshes_itself_is_no_use(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        sessions.open("zoe", NOW, "t")
        assert sessions.find("t", NOW + MINUTE, IDLE, ABSOLUTE, attended=False) is not None
        assert sessions.of("zoe")[0].seen_at == NOW
        assert sessions.find("t", NOW + IDLE, IDLE, ABSOLUTE, attended=False) is None

    def test_one_or_the_others_are_ended_by_a_name_that_opens_nothing(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        for number, token in enumerate(("here", "there", "elsewhere")):
            sessions.open("zoe", NOW + number * SECOND, token)
        sessions.open("luc", NOW, "his")
        names = [session.name for session in sessions.of("zoe")]
        assert names == [session_name(token) for token in ("here", "there", "elsewhere")]
        assert sessions.find(names[0], NOW, IDLE, ABSOLUTE) is None
        assert not sessions.close_named("zoe", session_name("his"))
        assert sessions.close_named("zoe", names[1])
        assert not sessions.close_named("zoe", names[1])
        assert sessions.close_others("zoe", "here") == 1
        assert [session.name for session in sessions.of("zoe")] == [session_name("here")]
        assert len(sessions.of("luc")) == 1

    def test_it_ends_when_idle_and_at_the_latest_after_ten_hours(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        sessions.open("zoe", NOW, "idle")
        assert sessions.find("idle", NOW + IDLE, IDLE, ABSOLUTE) is None
        assert sessions.of("zoe") == []
        sessions.open("zoe", NOW, "long")
        for minutes in range(20, 600, 20):
            assert sessions.find("long", NOW + minutes * MINUTE, IDLE, ABSOLUTE) is not None
        assert sessions.find("long", NOW + ABSOLUTE, IDLE, ABSOLUTE) is None

    def test_sessions_are_closed_one_by_one_or_all_at_once(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        for code, token in (("zoe", "a"), ("zoe", "b"), ("zoe", "c"), ("luc", "d")):
            sessions.open(code, NOW, token)
        sessions.close("a")
        sessions.close("a")
        assert len(sessions.of("zoe")) == 2
        sessions.close_all("zoe")
        assert sessions.of("zoe") == []
        assert len(sessions.of("luc")) == 1

    def test_it_may_say_which_browser_opened_it(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        sessions.open("zoe", NOW, "a", "Firefox sous Windows")
        sessions.open("zoe", NOW + SECOND, "b")
        assert [session.browser for session in sessions.of("zoe")] == ["Firefox sous Windows", None]

    def test_a_store_made_before_is_given_the_column_once(self, engine: Engine) -> None:
        with creating(engine) as connection:
            connection.exec_driver_sql("ALTER TABLE sessions DROP COLUMN browser")
        for _ in range(2):
            with creating(engine) as connection:
                name_browsers(connection)
        Sessions(engine).open("zoe", NOW, "a", "Edge sous Windows")
        assert Sessions(engine).of("zoe")[0].browser == "Edge sous Windows"

    def test_old_ones_are_forgotten_when_others_open(self, engine: Engine) -> None:
        sessions = Sessions(engine)
        sessions.open("zoe", NOW, "a")
        sessions.open("luc", NOW + 3 * DAY, "b")
        assert sessions.of("zoe") == []


class TestThrottles:
    def test_no_delay_before_the_fifth_failure_then_it_doubles_up_to_a_minute(self, engine: Engine) -> None:
        throttles, now, waits = Throttles(engine), NOW, []
        for _ in range(13):
            assert throttles.attempt({"k": 5}, now) == 0
            waits.append(throttles.attempt({"k": 5}, now) if len(waits) >= 4 else 0)
            now += timedelta(seconds=waits[-1])
        assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]

    def test_a_try_that_must_wait_is_not_counted(self, engine: Engine) -> None:
        throttles = Throttles(engine)
        for _ in range(5):
            throttles.attempt({"k": 5}, NOW)
        assert {throttles.attempt({"k": 5, "other": 1}, NOW) for _ in range(9)} == {1.0}
        assert throttles.attempt({"other": 1}, NOW) == 0

    def test_p14_of_many_tries_at_one_instant_no_more_pass_than_in_a_row(self, engine: Engine) -> None:
        throttles = Throttles(engine)
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda number: throttles.attempt({"k": 5, f"{number % 2}": 99}, NOW), range(40)))
        assert waits.count(0.0) == 5

    def test_fifteen_quiet_minutes_forget(self, engine: Engine) -> None:
        throttles = Throttles(engine)
        for _ in range(5):
            throttles.attempt({"k": 5}, NOW)
        assert throttles.attempt({"k": 5}, NOW) > 0
        assert [throttles.attempt({"k": 5}, NOW + 15 * MINUTE) for _ in range(6)] == [0, 0, 0, 0, 0, 1]

    def test_keys_do_not_touch_each_other_and_a_success_clears(self, engine: Engine, tmp_path: Path) -> None:
        throttles = Throttles(engine)
        for _ in range(5):
            throttles.attempt({"typed as a code": 5}, NOW)
        assert throttles.attempt({"other": 5}, NOW) == 0
        assert throttles.attempt({"typed as a code": 20}, NOW) == 0
        assert not any(b"typed as a code" in path.read_bytes() for path in tmp_path.iterdir())
        throttles.cleared("typed as a code")
        assert throttles.attempt({"typed as a code": 5}, NOW) == 0

    def test_what_was_no_failure_is_taken_back_once(self, engine: Engine) -> None:
        throttles = Throttles(engine)
        throttles.taken_back("k")
        for _ in range(30):
            assert throttles.attempt({"k": 2}, NOW) == 0
            throttles.taken_back("k")
        assert [throttles.attempt({"k": 2}, NOW) for _ in range(3)] == [0, 0, 1]

    def test_a_clock_set_back_never_makes_the_wait_longer(self, engine: Engine) -> None:
        throttles = Throttles(engine)
        for _ in range(20):
            throttles.attempt({"k": 99}, NOW)
        assert 0 < throttles.attempt({"k": 5}, NOW - DAY) <= 60


class TestActivations:
    def test_the_latest_link_is_the_only_one_and_serves_once(self, engine: Engine) -> None:
        links, credentials = Activations(engine), Credentials(engine, QUICK)
        links.issue("zoe", "first", NOW, DAY)
        links.issue("zoe", "second", NOW, DAY)
        assert links.find("first", NOW) is None
        assert [links.find("second", NOW) for _ in range(3)] == ["zoe"] * 3
        assert credentials.set_by_link("first", GOOD, NOW) is None
        assert not credentials.has_password("zoe")
        assert credentials.set_by_link("second", GOOD, NOW) == "zoe"
        assert credentials.set_by_link("second", GOOD + "!", NOW) is None
        assert credentials.check("zoe", GOOD)

    def test_it_expires(self, engine: Engine) -> None:
        links, credentials = Activations(engine), Credentials(engine, QUICK)
        links.issue("zoe", "t", NOW, DAY)
        assert links.find("t", NOW + DAY) is None
        assert credentials.set_by_link("t", GOOD, NOW + DAY) is None
        assert not credentials.has_password("zoe")

    def test_it_ends_the_open_sessions_and_the_other_links(self, engine: Engine) -> None:
        links, sessions, credentials = Activations(engine), Sessions(engine), Credentials(engine, QUICK)
        links.issue("zoe", "t", NOW, DAY)
        links.issue_by_mail("zoe", "on its way", NOW, DAY, UUID(int=1))
        sessions.open("zoe", NOW, "token")
        assert credentials.set_by_link("t", GOOD, NOW) == "zoe"
        assert sessions.of("zoe") == []
        assert links.find("on its way", NOW) is None

    def test_two_who_use_it_at_once_are_one(self, engine: Engine) -> None:
        links, credentials = Activations(engine), Credentials(engine, QUICK)
        with ThreadPoolExecutor(4) as pool:
            for round_ in range(20):
                links.issue("zoe", f"t{round_}", NOW, DAY)
                words = [f"{GOOD} {number}" for number in range(4)]
                found = list(pool.map(lambda word, t=f"t{round_}": credentials.set_by_link(t, word, NOW), words))
                assert sorted(map(str, found)) == ["None", "None", "None", "zoe"]
                assert credentials.check("zoe", words[found.index("zoe")])


class TestApiClients:
    def test_a_token_finds_the_program_and_its_scopes(self, engine: Engine) -> None:
        clients = ApiClients(engine)
        clients.create("site", "token", ["read", "intake"], NOW)
        found = clients.find("token")
        assert found is not None
        assert (found.name, found.scopes) == ("site", frozenset({"intake", "read"}))
        assert clients.find("other") is None
        (known,) = clients.known()
        assert (known.name, known.scopes, known.created_at) == ("site", frozenset({"intake", "read"}), NOW)

    def test_a_revoked_token_finds_nothing_and_its_name_may_be_given_again(self, engine: Engine) -> None:
        clients = ApiClients(engine)
        for name in ("site", "other"):
            clients.create(name, f"token of {name}", ["read"], NOW)
        assert clients.find("token of site")
        clients.revoke("site")
        assert (clients.find("token of site"), [one.name for one in clients.known()]) == (None, ["other"])
        with pytest.raises(UnknownClient):
            clients.revoke("site")
        clients.create("site", "another token", ["intake"], NOW)
        assert (clients.find("token of site"), clients.find("another token") is not None) == (None, True)

    def test_names_are_unique_and_scopes_known(self, engine: Engine) -> None:
        clients = ApiClients(engine)
        clients.create("site", "token", ["read"], NOW)
        with pytest.raises(AlreadyExists):
            clients.create("site", "other", ["read"], NOW)
        for name, scopes in (("deux mots", ["read"]), ("", ["read"]), ("x", []), ("x", ["write"])):
            with pytest.raises(Invalid):
                clients.create(name, "t", scopes, NOW)


def test_the_access_log_keeps_who_looked_at_what_for_a_while(engine: Engine) -> None:
    log = AccessLog(engine)
    log.note("zoe", "AEN-1", "demand", NOW)
    log.note("luc", "AEN-1", "history", NOW + DAY)
    log.note("luc", "AEN-2", "demand", NOW)
    assert log.of("AEN-1") == [
        Access("zoe", "AEN-1", "demand", NOW),
        Access("luc", "AEN-1", "history", NOW + DAY),
    ]
    assert log.purge(NOW + DAY) == 2
    assert [access.agent for access in log.of("AEN-1")] == ["luc"]


class TestLeases:
    EVERY, LEASE = timedelta(minutes=10), timedelta(minutes=2)

    def take(self, leases: Leases, at: datetime) -> bool:
        return leases.take("job", at, self.LEASE, self.EVERY)

    def test_one_of_many_clocks_gets_the_job(self, engine: Engine) -> None:
        leases = Leases(engine)
        with ThreadPoolExecutor(6) as pool:
            took = list(pool.map(lambda _: self.take(leases, NOW), range(12)))
        assert took.count(True) == 1

    def test_it_is_due_again_after_its_period(self, engine: Engine) -> None:
        leases = Leases(engine)
        assert self.take(leases, NOW)
        leases.done("job", NOW + SECOND)
        assert not self.take(leases, NOW + self.EVERY)
        assert self.take(leases, NOW + self.EVERY + SECOND)

    def test_a_clock_that_died_loses_its_lease(self, engine: Engine) -> None:
        leases = Leases(engine)
        assert self.take(leases, NOW)
        assert not self.take(leases, NOW + self.LEASE - SECOND)
        assert self.take(leases, NOW + self.LEASE)
        assert leases.take("other job", NOW, self.LEASE, self.EVERY)
