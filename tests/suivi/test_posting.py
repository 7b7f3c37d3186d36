"""« Recevoir un nouveau lien »: only an active agent with an address gets one, and nobody sees the difference."""

import re
import subprocess
import sys
from email.message import EmailMessage

from suivi.posting import LinkPost
from tests.suivi.conftest import CommandLine


class Kept:
    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        self.sent.append(message)


def create(suivi: CommandLine, code: str) -> None:
    assert suivi("agent", "create", code, "--name", f"Nom {code}", "--email", f"{code}@mairie.example").code == 0


def test_a_link_goes_to_the_agent_who_may_log_in(suivi: CommandLine) -> None:
    create(suivi, "amelie")
    create(suivi, "bruno")
    suivi("agent", "deactivate", "bruno")
    with suivi.opened() as installation:
        transport = Kept()
        post = LinkPost(installation, transport, "https://suivi.mairie.example")
        for code in ("unknown", "bruno", "amelie"):
            post.send(code)
        post.stop()
        (message,) = transport.sent
        assert message["To"] == "amelie@mairie.example"
        found = re.search(r"https://suivi\.mairie\.example/activation/(\S+)", message.get_content())
        assert found
        assert installation.activations.find(found[1], installation.clock()) == "amelie"
        assert "amelie" in message.get_content()


def test_without_a_mail_server_the_link_in_hand_stays_good(suivi: CommandLine) -> None:
    link = suivi("agent", "create", "amelie", "--name", "A", "--email", "a@mairie.example").out.strip()
    with suivi.opened() as installation:
        post = LinkPost(installation, None, "https://suivi.mairie.example")
        post.send("amelie")
        post.stop()
        token = link.rpartition("/")[2]
        assert installation.activations.find(token, installation.clock()) == "amelie"


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
