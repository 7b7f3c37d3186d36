"""P5 from the browser to the letter: nothing personal stays in a file, a log or the broker; no page shows it after."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import redis

from domain.agent import rights_of
from suivi.opening import now
from tests.faults.audit import verified
from tests.faults.closing import Closing, count
from tests.faults.hall import ANSWERS, PASSWORD, TOKEN, Hall, by_hand, queued
from tests.faults.letters import behind
from tests.faults.markers import Marks
from tests.faults.server_files import ServerFiles, values
from tests.faults.service import Service, WorkerProcess
from tests.faults.stores import only_sqlite, url_of
from tests.faults.visitors import Answer, AtWork, Site
from tests.faults.waiting import PROMISED_S, until
from tests.workers.brokers import OwnRedis
from tests.workers.smtp import Inbox

LISTS = ("non-traitees", "en-cours", "en-attente", "service")
AFTERWARDS = (
    *("/", "/compteurs", "/operations", "/compte", "/filtres", "/statistiques", "/statistiques.csv", "/metrics"),
    *(f"/demandes/{name}" for name in LISTS),
    *(f"/demandes/{name}.csv" for name in LISTS),
    *("/journal", "/journal?archives=1", "/journal.csv", "/journal.xlsx", "/health/ready"),
)
OF_EACH = ("", "/historique", "/fiche", "/cloture", "/courriel/contact")
FOR_PROGRAMS = ("/demands", "/journal", "/statistics", "/procedures", "/openapi.json")


@dataclass
class Front:
    """What is typed at a town hall, all of it marked."""

    marks: Marks
    site: Site
    lea: AtWork
    max: AtWork

    def come_back(self) -> None:
        """On new connections: the service hangs up on those who are silent for long."""
        for visitor in (self.site, self.lea, self.max):
            visitor.leave()

    def receive(self, number: int) -> str:
        """A citizen's form; the answer to the web site repeats nothing of it."""

        def mark(field: str) -> str:
            return self.marks.word(number, field)

        address = {"line1": mark("street"), "postal_code": "49990", "city": mark("city"), "country": mark("country")}
        person = {
            "civility": "Mme",
            "last_name": mark("last"),
            "usage_name": mark("usage"),
            "first_name": mark("first"),
        }
        answers = ANSWERS | {"person_last_name": mark("answer"), "remarks": mark("remark")}
        answer = self.site.submit(
            mark("key"),
            external_id=mark("external"),
            applicant=person | {"email": f"{mark('mail')}@example.org", "address": address},
            answers=answers,
        )
        assert answer.status == 201, answer.text
        assert self.marks.inside(answer.bytes) == []
        return str(answer.json["reference"])

    def blunder(self) -> None:
        """Marks where none belongs: each is refused, or finds nothing."""
        word = self.marks.word(0, "wrong!")  # one in 32 would pass for a reference without the mark of exclamation
        broken = f'{{"procedure": "AEN", "applicant": {{"last_name": "{word}"'.encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content_Type": "application/json"}
        assert self.site.ask("POST", "/api/v1/demands", broken, **headers).status == 400
        assert self.site.submit(word, applicant={"last_name": word, "email": word}).status == 422
        assert self.lea.ask("GET", f"/demandes/{quote(word)}").status == 404
        assert self.lea.ask("GET", f"/demandes/service?reference={quote(word)}").status in (200, 422)
        assert self.lea.post("/journal", {"reference": word}).status == 422
        assert self.lea.post("/demandes/service", {"reference": word}).status == 422

    def search(self, number: int) -> Answer:
        """By name, from the list and from the box of every page."""
        name = self.marks.word(number, "last")
        assert self.lea.post("/recherche", {"q": name}).status == 303
        found = self.lea.post("/demandes/service", {"applicant": name})
        assert found.status == 303
        assert self.marks.inside(found.location.encode()) == []
        return self.lea.ask("GET", found.location)

    def treat(self, number: int, reference: str) -> None:
        """Up to the closure, with a text in every field that takes one; the sheet shows what was typed."""

        def mark(field: str) -> str:
            return self.marks.word(number, field)

        letter = {"subject": mark("subject"), "body": mark("body"), "decision": "send"}
        steps = (
            ("prise-en-compte", {}),
            ("courriel/prise-en-compte", letter),
            ("mise-en-attente", {"reason": "autre", "detail": mark("detail")}),
            ("reprise", {}),
            ("courriel/contact", {**letter, "preview": "1"}),
        )
        for action, fields in steps:
            answer = self.lea.act(reference, action, fields)
            assert answer.status == (200 if "preview" in fields else 303), (action, answer.text)
        self.lose_session_and_go_on(reference, mark("comment"))
        assert self.lea.act(reference, "reattribution", {"agent": "max", "note": mark("note")}).status == 303
        for page in OF_EACH:
            assert self.marks.inside(self.lea.ask("GET", f"/demandes/{reference}{page}").bytes), page

    def lose_session_and_go_on(self, reference: str, comment: str) -> None:
        """The form is kept in the login page, sealed, and given back."""
        elsewhere = AtWork(self.lea.port, "lea")
        assert elsewhere.post("/compte/sessions", {}).status == 303
        elsewhere.leave()
        fields = {"event_type": "appel_usager", "comment": comment}
        asked = self.lea.act(reference, "evenements", fields)
        assert asked.status == 401
        assert self.marks.inside(asked.bytes) == []
        given_back = self.lea.log_in_again(asked)
        assert comment in given_back.text
        assert self.lea.act(reference, "evenements", fields).status == 303

    def close(self, number: int, reference: str) -> None:
        letter = {"subject": self.marks.word(number, "end"), "body": self.marks.word(number, "farewell")}
        fields = {"outcome": "traitee", "comment": self.marks.word(number, "closing"), "decision": "send"}
        assert self.max.act(reference, "cloture", fields | letter).status == 303


@pytest.fixture
def marks() -> Marks:
    return Marks.new()


@pytest.fixture
def search(hall: Hall, marks: Marks, own_redis: OwnRedis, tmp_path: Path) -> Callable[[], list[str]]:
    """Every file of the data directory, the broker and PostgreSQL, the logs, and what is left of temporary files."""
    url = url_of(hall.environment)
    server = ServerFiles(url) if url else None

    def searched() -> list[str]:
        own_redis.files()
        if server is None or url is None:
            return marks.found(tmp_path)
        copy = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
        server.copy(copy)
        return marks.found(tmp_path) + [f"row: {hit}" for value in values(url) for hit in marks.inside(value)]

    return searched


@pytest.fixture
def running(hall: Hall, own_redis: OwnRedis, smtp_url: str, tmp_path: Path, marks: Marks) -> Iterator[Front]:
    """The service and a worker behind Redis, with a directory of their own for temporary files."""
    with hall.opened() as installation:
        installation.office.directory.register_agent(by_hand(), "ada", "Ada Roy", rights_of(("admin",), (), ()))
        installation.office.directory.activate_agent(by_hand(), "ada", active=True)
        installation.credentials.set_password("ada", PASSWORD, now())
        installation.clients.create("reader", f"{TOKEN} too", ("read", "audit"), now())
    (tmp_path / "temporary").mkdir()
    extra = {"TMPDIR": str(tmp_path / "temporary")}
    hall = behind(hall, own_redis)
    with ExitStack() as stack:
        service = stack.enter_context(Service(hall, **extra))
        worker = stack.enter_context(WorkerProcess(hall, SUIVI_SMTP_URL=smtp_url, **extra))
        visitors = Site(service.port), AtWork(service.port, "lea"), AtWork(service.port, "max")
        yield Front(marks, *visitors)
        for visitor in visitors:
            visitor.leave()
        assert [service.stop(), worker.stop()] == [0, 0]
        for resident in (service, worker):
            assert marks.inside((resident.said + resident.log.read_text()).encode()) == []


def shown(front: Front, references: list[str]) -> Iterator[tuple[str, Answer]]:
    """Every page and every answer of the API that might still show something."""
    ada = AtWork(front.lea.port, "ada")
    for address in ("/administration/courriels", "/administration/courriels?state=sent"):
        yield address, ada.ask("GET", address)
    ada.leave()
    own = [f"/demandes/{reference}{page}" for reference in references for page in OF_EACH[:3]]
    for address in (*AFTERWARDS, *own):
        yield address, front.lea.ask("GET", address)
    own = [f"/demands/{reference}{page}" for reference in references for page in ("", "/history")]
    for address in (*FOR_PROGRAMS, *own):
        yield address, front.site.ask("GET", f"/api/v1{address}", Authorization=f"Bearer {TOKEN} too")


@pytest.mark.redis
@pytest.mark.xdist_group("faults-markers")
def test_nothing_typed_over_http_stays_anywhere_nor_is_shown_after_closure(
    hall: Hall, running: Front, search: Callable[[], list[str]], inbox: Inbox, stores: str, closes: Closing
) -> None:
    number = count(4 if stores == "sqlite" else 2, 60)
    references = [running.receive(n) for n in range(number)]
    running.blunder()
    for n, reference in enumerate(references):
        assert running.marks.inside(running.search(n).bytes), "a search finds the name"
        running.treat(n, reference)
    before = search()
    assert before == []
    running.come_back()

    for n, reference in enumerate(references):
        running.close(n, reference)
    until(lambda: not queued(hall), PROMISED_S, "every letter has left")
    with hall.opened() as installation:
        installation.keyring.turn()
    after = search()
    assert after == []
    running.come_back()
    pages = list(shown(running, references))
    for address, answer in pages:
        assert answer.status == 200, address
        assert running.marks.inside(answer.bytes) == [], address
    assert not any(reference in running.search(n).text for n, reference in enumerate(references))
    assert sum(bool(running.marks.inside(bytes(letter.content or b""))) for letter in inbox.letters) >= 3 * number
    verified(hall)
    closes(
        f"P5: {number} demands typed over HTTP, {len(inbox.letters)} letters over SMTP, {len(before)} marks in files, "
        f"logs and broker before closure and {len(after)} after it, {len(pages)} pages and answers show none"
    )


@pytest.mark.redis
@only_sqlite
def test_a_mark_in_the_log_the_broker_or_a_temporary_file_would_be_found(
    running: Front, search: Callable[[], list[str]], own_redis: OwnRedis, tmp_path: Path
) -> None:
    word = running.marks.word(1, "leak")
    with redis.Redis.from_url(own_redis.url) as client:
        client.set("leak", word)
    places = [tmp_path / "serve.log", tmp_path / "worker.log", tmp_path / "temporary" / "upload"]
    kept = {path: path.read_bytes() if path.exists() else b"" for path in places}
    for path in places:
        path.write_bytes(kept[path] + word.encode())
    found = {hit.partition(":")[0] for hit in search()}
    for path in places:
        path.write_bytes(kept[path])
    assert found >= {path.name for path in places}
    assert any(name.startswith(("appendonly", "dump")) for name in found)
