"""A page left open over lunch, a lost cookie, the back button, a colleague in between: every form of a demand."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import PASSWORD
from tests.web.pages.conftest import Browser, Hall, hidden, text


class Act(NamedTuple):
    """One form of a demand: where it stands, where it goes, what is typed, the fact it leaves."""

    state: str
    page: str
    to: str
    typed: dict[str, str]
    fact: str


LETTER = {"subject": "Objet tapé à la main", "body": "Un long texte tapé\r\nsur deux lignes", "decision": "send"}
ACTS = {
    "take": Act("received", "", "prise-en-compte", {}, "TakenInCharge"),
    "hold": Act("taken", "", "mise-en-attente", {"reason": "autre", "detail": "Le préfet hésite"}, "PutOnHold"),
    "resume": Act("held", "", "reprise", {}, "Resumed"),
    "reassign": Act("taken", "", "reattribution", {"agent": "luc", "note": "À toi de jouer"}, "Reassigned"),
    "event": Act(
        *("taken", "/historique", "evenements"),
        {"event_type": "appel_usager", "comment": "Il rappellera demain"},
        "EventAdded",
    ),
    "acknowledge": Act(
        "taken", "/courriel/prise-en-compte", "courriel/prise-en-compte", LETTER, "MailRequested acknowledgement"
    ),
    "contact": Act("taken", "/courriel/contact", "courriel/contact", LETTER, "MailRequested contact"),
    "close": Act(
        *("taken", "/cloture", "cloture"),
        {"outcome": "traitee", "comment": "Acte remis ce jour", **LETTER},
        "Closed",
    ),
}
TEXTS = ("detail", "note", "comment", "subject", "body")
each = pytest.mark.parametrize("name", ACTS)


@pytest.fixture(scope="module")
def lunch_hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """A town hall whose clock moves, with passwords."""
    opened = Hall(tmp_path_factory.mktemp("lunch") / "var")
    for code in ("zoe", "luc"):
        opened.installation.credentials.set_password(code, PASSWORD, opened.clock())
    yield opened
    opened.town.close()


class Form:
    """A form that somebody has open, with the hidden fields it carries."""

    def __init__(self, hall: Hall, browser: Browser, act: Act) -> None:
        self.hall, self.browser, self.act = hall, browser, act
        self.reference: str = getattr(hall, act.state)()
        self.address = f"/demandes/{self.reference}/{act.to}"
        page = browser.get(f"/demandes/{self.reference}{act.page}").text.split("<main", 1)[1]
        form = page.split(f'action="{self.address}"', 1)[1].split("</form>", 1)[0]
        self.hidden = {name: hidden(form, name) for name in ("csrf_token", "command_id", "author", "version")}

    def send(self) -> TestResponse:
        """Press its button."""
        return self.browser.post(self.address, **(self.hidden | self.act.typed))

    def done(self) -> int:
        """How often it was done."""
        facts = [f"{fact.name} {getattr(fact, 'kind', '')}" for fact in self.hall.dossier(self.reference).facts]
        return sum(fact.startswith(self.act.fact) for fact in facts)

    def typed_texts(self) -> list[str]:
        return [html.escape(line) for name in TEXTS for line in self.act.typed.get(name, "").split("\r\n") if line]


def kept_fields(page: str) -> dict[str, str]:
    """What a kept form sends."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.split("<main", 1)[1])
    return {name: html.unescape(value) for name, value in found}


@each
def test_what_was_typed_comes_back_after_lunch(lunch_hall: Hall, name: str) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS[name])
    before = form.done()
    lunch_hall.clock.move(minutes=45)
    login = form.send()
    assert login.status_code == 401
    assert "Ce que vous aviez saisi est conservé" in text(login)
    assert not any(line in login.text for line in form.typed_texts())
    assert form.done() == before
    token = hidden(login.text, "csrf_token")
    again = form.browser.post(
        "/connexion", csrf_token=token, code="zoe", password=PASSWORD, kept=hidden(login.text, "kept")
    )
    assert again.status_code == 200
    assert all(line in again.text for line in form.typed_texts())
    sent = form.browser.post(form.address, **kept_fields(again.text))
    assert sent.status_code == 303
    assert form.done() == before + 1


@each
def test_what_a_colleague_did_over_lunch_is_said_and_the_text_is_shown(lunch_hall: Hall, name: str) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS[name])
    before = form.done()
    lunch_hall.clock.move(minutes=10)
    luc = lunch_hall.browser("luc")
    luc.post(f"/demandes/{form.reference}/evenements", event_type="piece_recue")
    answer = form.send()
    assert answer.status_code == 409
    assert "Luc Petit a agi sur cette demande" in text(answer)
    assert "Ce qui a changé : événement ajouté, « Pièce reçue »." in text(answer)
    assert all(line in answer.text for line in form.typed_texts())
    assert form.done() == before + (name == "event")  # the colleague's own


@each
def test_a_double_click_does_it_once(lunch_hall: Hall, name: str) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS[name])
    before = form.done()
    assert [form.send().status_code for _ in range(2)] == [303, 303]
    assert form.done() == before + 1


@each
def test_the_back_button_shows_nothing_stale_and_does_nothing_twice(lunch_hall: Hall, name: str) -> None:
    """The page is stored nowhere, so that going back asks for it anew; its old form is the same click again."""
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS[name])
    before = form.done()
    form.send()
    back = form.browser.get(f"/demandes/{form.reference}{form.act.page}")
    assert back.headers["Cache-Control"] == "no-store"
    assert back.status_code == (409 if name in ("acknowledge", "close") else 200)
    assert form.send().status_code == 303
    assert form.done() == before + 1


@each
def test_the_same_form_after_a_login_elsewhere_is_offered_again(lunch_hall: Hall, name: str) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS[name])
    before = form.done()
    form.browser = lunch_hall.browser("zoe")
    offered = form.send()
    assert offered.status_code == 400
    assert "Votre saisie est conservée" in text(offered)
    assert all(line in offered.text for line in form.typed_texts())
    assert form.browser.post(form.address, **kept_fields(offered.text)).status_code == 303
    assert form.done() == before + 1


@each
def test_who_was_deactivated_meanwhile_does_nothing_any_more(lunch_hall: Hall, name: str) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS[name])
    before = form.done()
    lunch_hall.office.directory.activate_agent(lunch_hall.command(), "zoe", active=False)
    try:
        assert form.send().status_code == 401
    finally:
        lunch_hall.office.directory.activate_agent(lunch_hall.command(), "zoe", active=True)
    assert form.done() == before


def test_a_changed_password_is_never_kept(lunch_hall: Hall) -> None:
    zoe = lunch_hall.browser("zoe")
    lunch_hall.clock.move(minutes=45)
    new = "quatre kayaks rouges"
    answer = zoe.post("/compte/mot-de-passe", present=PASSWORD, password=new, confirmation=new)
    assert answer.status_code == 401
    assert 'name="kept"' not in answer.text
    assert PASSWORD not in answer.text
    assert "Connectez-vous pour reprendre." in text(answer)
