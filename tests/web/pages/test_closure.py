"""The confirmation of closure: what is named, what is asked, what is erased, what is refused."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.applicant import Applicant
from domain.demand import Demand
from domain.letters import Letter
from domain.references import demand_id
from domain.sealing import Sealed, place
from tests.web.pages.conftest import MARIE, Browser, Hall, text

NO_ADDRESS = Applicant("Sans", "Adresse")


def address(reference: str) -> str:
    return f"/demandes/{reference}/cloture"


def decision_buttons(page: str) -> dict[str, str]:
    """The looks of the buttons that close, by what they decide."""
    return dict(re.findall(r'name="decision" value="([a-z]+)" class="([^"]+)"', page))


def last_letter(hall: Hall, reference: str) -> Letter:
    """The closing letter as it waits in the outbox, under its own key."""
    dossier = hall.dossier(reference)
    mail_id = next(f.mail_id for f in dossier.facts if isinstance(f, Demand.MailRequested) and f.kind == "closure")
    mail = hall.installation.outbox.claim(mail_id, hall.clock(), timedelta(minutes=1))
    assert mail is not None
    assert mail.letter is not None
    key = hall.installation.keyring.keys([mail_id])[mail_id]
    return msgspec.json.decode(key.open(Sealed(mail.letter), place(mail_id, 0, "letter")), type=Letter)


def test_the_page_names_what_will_be_erased(hall: Hall, zoe: Browser) -> None:
    page = zoe.get(address(hall.taken()))
    words = text(page)
    assert page.status_code == 200
    for phrase in (
        "sans retour possible",
        "coordonnées de l’usager",
        "réponses au formulaire",
        "Clôturer et envoyer le courriel",
        "Clôturer sans courriel",
        "Revenir sans clôturer",
    ):
        assert phrase in words


def test_the_button_that_tells_the_citizen_is_the_strong_one(hall: Hall, zoe: Browser) -> None:
    told = zoe.get(address(hall.taken())).text
    assert decision_buttons(told) == {"send": "btn btn-danger-strong", "none": "btn btn-danger-outline"}
    untold = zoe.get(address(hall.taken(applicant=NO_ADDRESS))).text
    assert decision_buttons(untold) == {"none": "btn btn-danger-strong"}


def test_closing_without_a_letter_erases_and_shows_what_remains(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    answer = zoe.post(address(reference), outcome="traitee", comment="Remis", decision="none")
    assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}")
    assert hall.facts(reference)[-3:] == ["Closed", "MailDeclined", "PersonalDataErased"]
    assert demand_id(reference) not in hall.installation.keyring.keys([demand_id(reference)])
    page = zoe.get(answer.location)
    assert "Données personnelles effacées le 01/03/2027" in text(page)
    assert MARIE.last_name not in page.text


def test_the_template_is_filled_with_the_issue_and_the_comment(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    answer = zoe.post(address(reference), outcome="refusee", comment="Pièce illisible {issue}", decision="send")
    assert answer.status_code == 303
    letter = last_letter(hall, reference)
    assert letter.recipient == "marie.helene@exemple.fr"
    assert "Refusée" in letter.body
    assert "Pièce illisible {issue}" in letter.body


def test_a_letter_leaves_as_it_was_edited(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    typed = {"subject": "Fin de {issue}", "body": "Bonjour,\r\n{commentaire}\r\nAu revoir {"}
    zoe.post(address(reference), outcome="traitee", comment="Tout est prêt", decision="send", **typed)
    assert last_letter(hall, reference) == Letter(
        "marie.helene@exemple.fr", "Fin de Traitée", "Bonjour,\nTout est prêt\nAu revoir {\n"
    )


@pytest.mark.parametrize(
    "faulty",
    [
        {"outcome": ""},
        {"outcome": "inconnue"},
        {"decision": ""},
        {"decision": "later"},
        {"comment": "x" * 2_001},
        {"subject": " "},
        {"body": ""},
        {"body": "x" * 20_001},
        {"subject": "a\nb"},
    ],
)
def test_a_faulty_form_closes_nothing_and_loses_nothing(hall: Hall, zoe: Browser, faulty: dict[str, Any]) -> None:
    reference = hall.taken()
    typed = {"outcome": "traitee", "comment": "Mot tapé", "decision": "send", "subject": "Objet", "body": "Corps tapé"}
    answer = zoe.post(address(reference), **(typed | faulty))
    assert answer.status_code == 422
    assert "Mot tapé" in answer.text or "Corps tapé" in answer.text
    assert hall.demand(reference).status == "EN_COURS_DE_TRAITEMENT"


def test_without_an_address_no_decision_is_asked(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken(applicant=NO_ADDRESS)
    assert "envoyer le courriel" not in text(zoe.get(address(reference)))
    assert zoe.post(address(reference), outcome="traitee", decision="send", body="").status_code == 303
    assert hall.facts(reference)[-2] == "MailDeclined"


def test_a_double_click_closes_once(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    fields = {"outcome": "traitee", "comment": "Remis", "decision": "send", "command_id": "the-same-click"}
    assert [zoe.post(address(reference), **fields).status_code for _ in range(2)] == [303, 303]
    assert hall.facts(reference).count("Closed") == 1


@pytest.mark.parametrize("state", ["received", "held", "closed"])
def test_only_a_demand_in_progress_is_closed(hall: Hall, zoe: Browser, state: str) -> None:
    reference = getattr(hall, state)()
    assert zoe.get(address(reference)).status_code == 409
    assert zoe.post(address(reference), outcome="").status_code == 409


def test_strangers_auditors_and_members_without_the_right(
    hall: Hall, max_: Browser, ines: Browser, eva: Browser
) -> None:
    reference = hall.taken(procedure="AEM")
    for browser, status in ((max_, 404), (ines, 403), (eva, 403)):
        assert browser.get(address(reference)).status_code == status
        assert browser.post(address(reference), outcome="traitee", decision="none").status_code == status


def test_a_stale_page_is_refused(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.taken()
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    answer = zoe.post(address(reference), version=seen, outcome="traitee", decision="none")
    assert answer.status_code == 409
    assert "Luc Petit" in text(answer)
