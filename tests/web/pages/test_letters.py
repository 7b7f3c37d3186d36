"""The mail page after taking charge: sent, declined, faulty, decided once, never offered without an address."""

from typing import Any

import pytest

from domain.applicant import Applicant
from domain.letters import Letter
from tests.web.pages.conftest import Browser, Hall, text

NO_ADDRESS = Applicant("Sans", "Adresse")
GOOD = {"subject": "Votre demande", "body": "Bonjour,\r\n\r\nC’est noté.", "decision": "send"}


def address(reference: str) -> str:
    return f"/demandes/{reference}/courriel/prise-en-compte"


def letter_of(hall: Hall, reference: str) -> Letter | None:
    dossier = hall.dossier(reference)
    facts = [fact for fact in dossier.facts if getattr(fact, "kind", "") == "acknowledgement"]
    return dossier.letter(facts[-1]) if facts else None


def test_the_page_shows_to_whom_and_a_draft_to_edit(hall: Hall, zoe: Browser) -> None:
    page = zoe.get(address(hall.taken()))
    assert page.status_code == 200
    assert "marie.helene@exemple.fr" in page.text
    assert "Zoé Martin" in page.text
    assert "réputée" in page.text or "ne vaut ni acceptation ni refus" in page.text
    assert page.text.count('name="decision"') == 2


def test_send_queues_the_letter_as_it_was_edited(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    answer = zoe.post(address(reference), **GOOD)
    assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}")
    assert letter_of(hall, reference) == Letter("marie.helene@exemple.fr", "Votre demande", "Bonjour,\n\nC’est noté.")
    assert "Vous avez envoyé" in text(zoe.get(answer.location))


def test_cancel_sends_nothing_and_keeps_the_taking(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    assert zoe.post(address(reference), decision="cancel", subject="", body="").status_code == 303
    assert hall.facts(reference)[-1] == "MailDeclined"
    assert hall.demand(reference).status == "EN_COURS_DE_TRAITEMENT"


@pytest.mark.parametrize(
    "faulty",
    [
        {"decision": ""},
        {"decision": "later"},
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "Votre\r\nBcc: autre@exemple.fr"},
        {"body": "   "},
        {"body": "x" * 20_001},
    ],
)
def test_a_faulty_letter_comes_back_as_it_was_typed(hall: Hall, zoe: Browser, faulty: dict[str, Any]) -> None:
    reference = hall.taken()
    typed = {"subject": "Objet tapé", "body": "Texte tapé", "decision": "send"} | faulty
    answer = zoe.post(address(reference), **typed)
    assert answer.status_code == 422
    assert "Objet tapé" in answer.text or "Texte tapé" in answer.text
    assert letter_of(hall, reference) is None


def test_it_is_decided_once(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    same = {**GOOD, "command_id": "the-same-click"}
    assert [zoe.post(address(reference), **same).status_code for _ in range(2)] == [303, 303]
    assert hall.facts(reference).count("MailRequested") == 2  # the registration receipt, and this one
    assert zoe.post(address(reference), **GOOD).status_code == 409
    assert zoe.post(address(reference), decision="").status_code == 409
    assert zoe.get(address(reference)).status_code == 409


def test_without_an_address_there_is_no_mail_step(hall: Hall, zoe: Browser) -> None:
    reference = hall.received(applicant=NO_ADDRESS)
    answer = zoe.post(f"/demandes/{reference}/prise-en-compte")
    assert answer.location == f"/demandes/{reference}"
    assert "courriel/prise-en-compte" not in zoe.get(answer.location).text
    assert zoe.get(address(reference)).status_code == 409
    assert zoe.post(address(reference), **GOOD).status_code == 409


def test_an_untreated_demand_has_no_letter_yet(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    assert zoe.get(address(reference)).status_code == 409
    assert zoe.post(address(reference), **GOOD).status_code == 409


def test_strangers_auditors_and_members_without_the_right(
    hall: Hall, max_: Browser, ines: Browser, eva: Browser
) -> None:
    reference = hall.taken(procedure="AEM")
    for browser, status in ((max_, 404), (ines, 403), (eva, 403)):
        assert browser.get(address(reference)).status_code == status
        assert browser.post(address(reference), **GOOD).status_code == status


def test_a_stale_page_is_refused(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.taken()
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    answer = zoe.post(address(reference), version=seen, **GOOD)
    assert answer.status_code == 409
    assert "C’est noté." in answer.text
