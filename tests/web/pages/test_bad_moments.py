"""A page left open over lunch, a lost cookie, the back button, a colleague in between: every form of a demand."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from werkzeug.test import TestResponse

from domain.applicant import Applicant
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
HEADINGS = {
    "take": "Prendre en compte la demande",
    "hold": "Mettre en attente la demande",
    "resume": "Réaffecter le statut en cours à la demande",
    "reassign": "Réattribuer la demande",
    "event": "Ajouter un événement à la demande",
    "acknowledge": "Courriel de prise en compte de la demande",
    "contact": "Courriel à l’usager de la demande",
    "close": "Clôturer la demande",
}
CHOSEN = {
    "hold": ["Autre motif"],
    "reassign": ["Luc Petit"],
    "event": ["Appel de l’usager"],
    "acknowledge": ["Envoyer le courriel"],
    "close": ["Traitée", "Envoyer le courriel"],
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


def log_in_again(browser: Browser, login: TestResponse) -> TestResponse:
    """The page after the login, with what was kept."""
    assert login.status_code == 401
    token = hidden(login.text, "csrf_token")
    return browser.post("/connexion", csrf_token=token, code="zoe", password=PASSWORD, kept=hidden(login.text, "kept"))


def heading(answer: TestResponse) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    return html.unescape(re.sub("<[^>]+>", "", found[1])).strip() if found else ""


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
    again = log_in_again(form.browser, login)
    assert again.status_code == 200
    assert all(line in again.text for line in form.typed_texts())
    assert heading(again) == f"{HEADINGS[name]} {form.reference}"
    assert all(f'typed">{label}</blockquote>' in html.unescape(again.text) for label in CHOSEN.get(name, ()))
    sent = form.browser.post(form.address, **kept_fields(again.text))
    assert sent.status_code == 303
    assert form.done() == before + 1


def test_a_kept_closure_says_that_it_erases_and_leads_back_to_its_confirmation(lunch_hall: Hall) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS["close"])
    lunch_hall.clock.move(minutes=45)
    again = log_in_again(form.browser, form.send())
    assert "Cette action efface les données de l’usager, sans retour possible" in text(again)
    assert "autofocus" not in again.text.split("<main", 1)[1]
    assert len(re.findall('<button class="btn[^>]*type="submit"[^>]*>', again.text.split("<main", 1)[1])) == 1
    assert 'name="preview" value="1">Revoir avant de clôturer' in again.text
    review = form.browser.post(form.address, **kept_fields(again.text), preview="1")
    assert (review.status_code, form.done()) == (200, 0)
    assert "Clôturer et envoyer le courriel" in text(review)
    assert all(line in review.text for line in form.typed_texts())
    assert re.search(r'<option value="traitee"[^>]*selected', review.text)


def test_a_kept_closure_without_a_letter_is_never_one_key_away(lunch_hall: Hall) -> None:
    reference = lunch_hall.taken(applicant=Applicant("Sans", "Courriel"))
    zoe = lunch_hall.browser("zoe")
    page = zoe.get(f"/demandes/{reference}/cloture").text.split('class="letter-form"', 1)[1]
    fields = {name: hidden(page, name) for name in ("csrf_token", "command_id", "author", "version")}
    lunch_hall.clock.move(minutes=45)
    login = zoe.post(f"/demandes/{reference}/cloture", outcome="traitee", decision="none", **fields)
    again = log_in_again(zoe, login)
    assert heading(again) == f"Clôturer la demande {reference}"
    assert "sans retour possible" in text(again)
    assert 'btn-danger-strong" type="submit">Clôturer et effacer' in again.text
    assert "autofocus" not in again.text.split("<main", 1)[1]


def test_a_kept_closure_of_many_leads_back_to_its_confirmation(lunch_hall: Hall) -> None:
    zoe, references = lunch_hall.browser("zoe"), [lunch_hall.taken() for _ in range(3)]
    asked = zoe.post("/demandes/selection", action="close", scope="page", references=references)
    page = asked.text.split('class="letter-form"', 1)[1]
    names = ("csrf_token", "command_id", "author", "action", "scope", "references", "confirmed")
    fields = {name: hidden(page, name) for name in names} | {"outcome": "traitee", "comment": "Fin d’année", **LETTER}
    lunch_hall.clock.move(minutes=45)
    again = log_in_again(zoe, zoe.post("/demandes/selection", **fields))
    assert heading(again).replace("\xa0", " ") == "Clôturer 3 demandes"
    assert "Cette action efface les données de l’usager, sans retour possible" in text(again)
    assert 'typed">Traitée</blockquote>' in again.text
    assert f'typed">{references[0]}' not in again.text
    assert "autofocus" not in again.text.split("<main", 1)[1]
    for button in ({}, {"preview": "1"}):  # neither its own button nor a press without it closes anything
        review = zoe.post("/demandes/selection", **kept_fields(again.text), **button)
        assert review.status_code == 200
        assert "Clôturer 3 demandes et envoyer les courriels" in text(review)
    assert "Fin d’année" in html.unescape(review.text)
    assert all("Closed" not in lunch_hall.facts(reference) for reference in references)


def test_a_refusal_says_who_brought_the_demand_there_when_and_what_was_chosen(lunch_hall: Hall) -> None:
    form = Form(lunch_hall, lunch_hall.browser("zoe"), ACTS["hold"])
    at = "(le [0-9/]{10} )?à [0-9]{2}:[0-9]{2}"
    form.browser.post(f"/demandes/{form.reference}/mise-en-attente", reason="avis_attendu")
    answer = form.browser.post(form.address, reason="autre", detail="Le préfet hésite")
    assert answer.status_code == 409
    assert re.search(rf"« en attente », suivie par Zoé Martin\. Vous l’avez mise en attente {at}\.", text(answer))
    assert "<dt>Motif</dt><dd>Autre" in answer.text
    luc = lunch_hall.browser("luc")
    luc.post(f"/demandes/{form.reference}/reprise")
    luc.post(f"/demandes/{form.reference}/cloture", outcome="traitee", decision="none")
    lunch_hall.clock.move(days=2)
    late = lunch_hall.browser("zoe").post(f"/demandes/{form.reference}/evenements", event_type="appel_usager")
    assert late.status_code == 409
    assert re.search(r"Luc Petit l’a clôturée le [0-9/]{10} à [0-9]{2}:[0-9]{2}\.", text(late))


GIVEN = [
    ("zoe", "luc", "Vous l’avez attribuée à Luc Petit"),
    ("luc", "zoe", "Luc Petit vous l’a attribuée"),
    ("luc", "luc", "Luc Petit se l’est attribuée"),
]


@pytest.mark.parametrize(("by", "to", "said"), GIVEN)
def test_a_refusal_says_who_gave_the_demand_to_whom(lunch_hall: Hall, by: str, to: str, said: str) -> None:
    reference = lunch_hall.taken(by="zoe" if by == to else by)
    given = lunch_hall.browser(by).post(f"/demandes/{reference}/reattribution", agent=to)
    assert given.status_code == 303
    answer = lunch_hall.browser("zoe").post(f"/demandes/{reference}/prise-en-compte")
    assert answer.status_code == 409
    assert f"{said} " in text(answer)


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


def test_the_address_of_a_form_opened_by_itself_keeps_the_menu_and_leads_back(hall: Hall) -> None:
    zoe, reference = hall.browser("zoe"), hall.taken()
    for address in ("/recherche", f"/demandes/{reference}/mise-en-attente"):
        answer = zoe.get(address)
        assert (answer.status_code, {*answer.headers["Allow"].split(", ")}) == (405, {"OPTIONS", "POST"})
        assert 'href="/demandes/en-cours"' in answer.text.split("<main")[0]
        assert "Déconnexion" in answer.text
        assert (f'href="/demandes/{reference}">Voir la demande' in answer.text) == (reference in address)
    nobody = hall.app.test_client().get(f"/demandes/{reference}/mise-en-attente")
    assert (nobody.status_code, reference in nobody.text, "Déconnexion" in nobody.text) == (405, False, False)
