"""What citizens and agents typed is text wherever it comes out: never an element, a link or an event (P13)."""

from html.parser import HTMLParser

import pytest

from domain.applicant import Address, Applicant
from domain.facts import Command
from domain.letters import LetterKind
from tests.web.pages.conftest import Browser, Hall
from tests.web.pages.test_foreign_demands import routes

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea></option></select><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}${7*7}<%= 7 * 7 %>",
    "javascript:alert(1)//&lt;b&gt;&amp;",
    "=HYPERLINK(1)\u202egnp.exe",
]
LISTS = ["/", *(f"/demandes/{name}" for name in ("non-traitees", "en-cours", "en-attente", "service")), "/journal"]


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, and whatever could act."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.acting: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.acting += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        sources = dict(attrs)
        followed = [sources.get(name) or "" for name in ("href", "src", "action", "formaction", "data", "content")]
        self.acting += [address for address in followed if "javascript:" in address.lower()]
        if tag == "script" and not (sources.get("src") or "").startswith("/static/"):
            self.acting.append("script")


def person(words: str) -> Applicant:
    """A citizen whose every field holds these words."""
    address = Address(words, "67000", words, line2=words)
    return Applicant(words, words, civility="Mme", usage_name=words, email="m@exemple.fr", phone="06", address=address)


def lived(hall: Hall, words: str, state: str) -> str:
    """A demand with these words wherever a citizen or an agent may type."""
    answers = {
        question.name: words
        for question in hall.office.directory.definition("AEN").fields
        if question.type in ("text", "long_text")
    }
    reference = hall.taken(applicant=person(words), **answers)
    steps: list[tuple[str, ...]] = [("add_event", "appel_usager", words), ("reassign", "luc", words)]
    steps += [("send_mail", LetterKind.ACKNOWLEDGEMENT, words, words)]
    steps += {"held": [("put_on_hold", "avis_attendu", words)], "closed": [("close", "traitee", words)]}.get(state, [])
    for name, *arguments in steps:
        with hall.office.demand(reference, by=hall.agent("zoe"), command=_command(hall)) as demand:
            getattr(demand, name)(*arguments)
    return reference


def _command(hall: Hall) -> Command:
    return hall.command("agent:zoe")


@pytest.mark.parametrize("state", ["taken", "held", "closed"])
def test_every_page_of_a_demand_has_the_same_elements_whatever_was_typed(hall: Hall, zoe: Browser, state: str) -> None:
    harmless = lived(hall, "des mots ordinaires", state)
    pages = {address: zoe.get(address.replace("<reference>", harmless)) for address in routes(hall, "GET")}
    for words in HOSTILE:
        hostile = lived(hall, words, state)
        for address, page in pages.items():
            found = zoe.get(address.replace("<reference>", hostile))
            assert found.status_code == page.status_code, (address, words)
            shown, usual = Skeleton(found.text), Skeleton(page.text)
            assert shown.elements == usual.elements, (address, words)
            assert shown.acting == [], (address, words)


def test_lists_and_journal_show_hostile_names_as_text(hall: Hall, zoe: Browser) -> None:
    for words in HOSTILE:
        hall.received(applicant=person(words))
        for state in ("taken", "held", "closed"):
            lived(hall, words, state)
    for address in LISTS:
        for who in (zoe, hall.browser("luc")):
            found = who.get(address)
            assert found.status_code == 200
            assert Skeleton(found.text).acting == [], address
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in zoe.get("/demandes/non-traitees").text


@pytest.mark.parametrize("words", HOSTILE)
def test_a_refused_form_gives_hostile_words_back_as_text(hall: Hall, zoe: Browser, words: str) -> None:
    reference = hall.taken()
    filled = {"reason": words, "detail": words, "event_type": words, "comment": words, "agent": words, "note": words}
    filled |= {"outcome": words, "decision": words, "subject": words, "body": words}
    for address in routes(hall, "POST"):
        found = zoe.post(address.replace("<reference>", reference), **filled)
        assert found.status_code in (404, 405, 409, 422, 303), (address, found.status_code)
        assert Skeleton(found.text).acting == [], address


@pytest.mark.parametrize("words", HOSTILE)
def test_a_search_gives_hostile_words_back_as_text(hall: Hall, zoe: Browser, words: str) -> None:
    for address in LISTS[1:]:
        found = zoe.post(address, applicant=words) if address != "/journal" else zoe.get("/journal")
        if found.status_code == 303:
            found = zoe.get(found.location)
        assert found.status_code == 200
        assert Skeleton(found.text).acting == []
    found = zoe.post("/recherche", q=words, section="/demandes/service")
    assert found.status_code == 303
    assert words not in found.location
    assert Skeleton(zoe.get(found.location).text).acting == []


def test_no_word_of_a_citizen_reaches_the_log(hall: Hall, zoe: Browser, capfd: pytest.CaptureFixture[str]) -> None:
    marker = "Zzyzxmarque"
    reference = lived(hall, marker, "taken")
    for address in routes(hall, "GET"):
        zoe.get(address.replace("<reference>", reference)).get_data()
    for address in routes(hall, "POST"):
        zoe.post(address.replace("<reference>", reference), **dict.fromkeys(("comment", "detail", "body", "q"), marker))
    for address in LISTS[1:5]:
        zoe.get(zoe.post(address, applicant=marker).location)
        zoe.get(f"{address}?applicant={marker}&size={marker}")
    zoe.post("/recherche", q=marker)
    said = capfd.readouterr()
    assert marker not in said.out + said.err
