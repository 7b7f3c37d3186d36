"""« Recevoir un nouveau lien »: only an active agent with an address gets one, and nobody sees the difference."""

import re
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from domain.rights import Rights, Role
from store.outbox import Mail
from store.throttles import FREE_FAILURES, link_asked
from suivi.compose import Installation
from suivi.opening import by_command_line
from suivi.posting import JOB, LinkPost
from suivi.serving import worker_parts
from tests.suivi.conftest import CommandLine
from tests.workers.town import KeepingTransport
from workers.delivery import Deliverer
from workers.transport import Unreachable

BASE = "https://suivi.mairie.example"


def create(suivi: CommandLine, code: str) -> str:
    done = suivi("agent", "create", code, "--name", f"Nom {code}", "--email", f"{code}@mairie.example")
    assert done.code == 0
    return token_in(done.out)


def ask(installation: Installation, *codes: str) -> list[Mail]:
    """The letters that asking brings."""
    before = {mail.mail_id for mail in links(installation)}
    post = LinkPost(installation, BASE)
    for code in codes:
        count(installation, code)
        post.send(code)
    post.stop()
    return [mail for mail in links(installation) if mail.mail_id not in before]


def count(installation: Installation, code: str, **earlier: float) -> None:
    """What the login page does before it answers."""
    at = installation.clock() - timedelta(**earlier)
    assert installation.throttles.attempt({link_asked(code): FREE_FAILURES}, at) == 0


def answered(installation: Installation) -> list[Mail]:
    """The letters that a service's start brings."""
    return ask(installation)


def links(installation: Installation) -> list[Mail]:
    return [mail for mail in installation.outbox.latest(100) if mail.kind == "activation_link"]


def deliver(installation: Installation, transport: KeepingTransport, letter: UUID) -> str:
    return Deliverer(worker_parts(installation, BASE, transport)).deliver(letter)


def token_in(text: str) -> str:
    found = re.search(r"/activation/(\S+)", text)
    assert found, text
    return found[1]


def token_of(message: EmailMessage) -> str:
    return token_in(message.get_content())


def opens(installation: Installation, token: str) -> str | None:
    return installation.activations.find(token, installation.clock())


def test_a_new_agent_gets_his_code_and_the_printed_link_by_mail(suivi: CommandLine) -> None:
    printed = create(suivi, "amelie")
    transport = KeepingTransport()
    with suivi.opened() as installation:
        (letter,) = links(installation)
        assert (letter.state, letter.agent, letter.demand_id) == ("queued", "amelie", None)
        files = [path.read_bytes() for path in suivi.directory.rglob("*") if path.is_file()]
        assert not [content for content in files if printed.encode() in content]
        assert deliver(installation, transport, letter.mail_id) == "sent"
        (message,) = transport.sent
        assert message["To"] == "amelie@mairie.example"
        words = message.get_content()
        assert "Votre code agent est : amelie" in words
        assert "Page de connexion : http://127.0.0.1:8000/connexion" in words
        assert "demandé" not in words
        assert token_of(message) == printed
        assert opens(installation, printed) == "amelie"


def test_a_link_sent_again_is_the_printed_one_and_the_only_one(suivi: CommandLine) -> None:
    earlier = create(suivi, "amelie")
    printed = token_in(suivi("agent", "resend-link", "amelie", "--email", "a.morel@mairie.example").out)
    transport = KeepingTransport()
    with suivi.opened() as installation:
        last, first = links(installation)
        for letter in (first, last):
            assert deliver(installation, transport, letter.mail_id) == "sent"
        assert {message["To"] for message in transport.sent} == {"a.morel@mairie.example"}
        assert [token_of(message) for message in transport.sent] == [earlier, printed]
        assert opens(installation, earlier) is None
        assert opens(installation, printed) == "amelie"


def test_a_link_goes_to_the_agent_who_may_log_in(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    create(suivi, "bruno")
    suivi("agent", "deactivate", "bruno")
    transport = KeepingTransport()
    with suivi.opened() as installation:
        (letter,) = ask(installation, "unknown", "bruno", "amelie")
        assert (letter.agent, letter.demand_id) == ("amelie", None)
        assert deliver(installation, transport, letter.mail_id) == "sent"
        (message,) = transport.sent
        assert message["To"] == "amelie@mairie.example"
        assert message["Message-ID"] == f"<{letter.mail_id}@suivi.mairie.example>"
        assert f"{BASE}/activation/" in message.get_content()
        assert "Votre code agent est : amelie" in message.get_content()
        assert f"Page de connexion : {BASE}/connexion" in message.get_content()
        assert opens(installation, token_of(message)) == "amelie"
        assert not installation.keyring.keys([letter.mail_id])


def test_a_link_leaves_while_the_lists_are_stopped(suivi: CommandLine) -> None:
    """Who was just created is not in the lists yet: the facts say that he may log in."""
    create(suivi, "amelie")
    with suivi.opened() as installation:
        rights = Rights(frozenset({Role.AGENT}))
        installation.office.directory._saved = lambda: None
        installation.office.directory.register_agent(by_command_line(), "bruno", "Bruno", rights)
        installation.credentials.set_email("bruno", "bruno@mairie.example")
        assert "bruno" not in installation.people.agents()
        assert [letter.agent for letter in ask(installation, "bruno")] == ["bruno"]


def test_a_mail_server_that_is_away_loses_no_link(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    transport = KeepingTransport(failures=[Unreachable()])
    with suivi.opened() as installation:
        (letter,) = ask(installation, "amelie")
        assert deliver(installation, transport, letter.mail_id) == "queued"
        kept = installation.outbox.find(letter.mail_id)
        assert kept is not None
        assert (kept.state, kept.why) == ("queued", "unreachable")


def test_the_link_in_hand_stays_good_until_the_next_one_leaves(suivi: CommandLine) -> None:
    earlier = create(suivi, "amelie")
    transport = KeepingTransport()
    with suivi.opened() as installation:
        (letter,) = ask(installation, "amelie")
        assert opens(installation, earlier) == "amelie"
        deliver(installation, transport, letter.mail_id)
        assert opens(installation, earlier) is None
        assert opens(installation, token_of(transport.sent[0])) == "amelie"


def test_a_link_asked_for_is_written_by_the_next_service_when_the_first_one_was_killed(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    with suivi.opened() as installation:
        for code in ("unknown", "amelie"):
            count(installation, code, minutes=20)
    with suivi.opened() as installation:
        (letter,) = answered(installation)
        assert letter.agent == "amelie"
        assert answered(installation) == []


def test_a_link_half_written_by_a_killed_service_is_written_again_and_serves(suivi: CommandLine) -> None:
    """Killed after the token and before the letter: the second token is the letter's, the first one serves nobody."""
    create(suivi, "amelie")
    transport = KeepingTransport()
    with suivi.opened() as installation, pytest.MonkeyPatch.context() as patch:
        patch.setattr(installation.outbox, "add", _killed)
        assert ask(installation, "amelie") == []
    with suivi.opened() as installation:
        installation.leases.done(JOB, installation.clock())  # a dead process's lease is over after a minute
        (letter,) = answered(installation)
        assert deliver(installation, transport, letter.mail_id) == "sent"
        assert opens(installation, token_of(transport.sent[0])) == "amelie"


def test_a_link_is_left_to_the_process_that_writes_it(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    with suivi.opened() as installation:
        assert installation.leases.take(JOB, installation.clock(), timedelta(minutes=1), timedelta())
        assert ask(installation, "amelie") == []
        installation.leases.done(JOB, installation.clock())
        assert len(answered(installation)) == 1


def test_a_request_that_was_refused_or_is_days_old_brings_no_letter(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    with suivi.opened() as installation:
        count(installation, "amelie", days=2)
        assert answered(installation) == []
        source = {"link from:192.0.2.7": FREE_FAILURES}
        for _ in range(FREE_FAILURES):
            installation.throttles.attempt(source, installation.clock())
        assert installation.throttles.attempt(source | {link_asked("amelie"): FREE_FAILURES}, installation.clock()) > 0
        assert answered(installation) == []


def _killed(_: object) -> None:
    raise OSError


def test_who_asks_twice_within_a_minute_gets_one_letter(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    with suivi.opened() as installation:
        assert 1 <= len(ask(installation, *["amelie"] * 5)) <= 2  # the minute may turn between two of them


def test_the_link_is_in_no_file_before_it_leaves(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    transport = KeepingTransport()
    with suivi.opened() as installation:
        (letter,) = ask(installation, "amelie")
        files = [path.read_bytes() for path in suivi.directory.rglob("*") if path.is_file()]
        deliver(installation, transport, letter.mail_id)
        token = token_of(transport.sent[0]).encode()
    assert not [content for content in files if token in content]


def test_no_link_outlives_a_deactivation(suivi: CommandLine) -> None:
    printed = create(suivi, "amelie")
    transport = KeepingTransport()
    with suivi.opened() as installation:
        (letter,) = ask(installation, "amelie")
    suivi("agent", "deactivate", "amelie")
    with suivi.opened() as installation:
        assert [deliver(installation, transport, one.mail_id) for one in links(installation)] == ["failed"] * 2
        assert {(mail.state, mail.why) for mail in links(installation)} == {("failed", "no_address")}
    suivi("agent", "activate", "amelie")
    with suivi.opened() as installation:
        assert opens(installation, printed) is None
        assert installation.outbox.resend(letter.mail_id, installation.clock())
        assert deliver(installation, transport, letter.mail_id) == "sent"
        assert opens(installation, token_of(transport.sent[0])) is None
    assert transport.sent[0]["To"] == "amelie@mairie.example"


def test_the_wsgi_application_is_built_from_the_environment(suivi: CommandLine) -> None:
    """In a process of its own: it configures that process's logs and starts its workers."""
    program = "from suivi.wsgi import application as a; print(a.test_client().get('/connexion').status_code)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "200\n"), done.stderr


def test_the_wsgi_application_refuses_in_words(new_town: CommandLine) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import suivi.wsgi"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("suivi : Aucune installation")
