"""Writing to the citizen while his demand is open: as often as needed, traced, readable until the closure."""

import html
from typing import Any

import pytest

from domain.applicant import Applicant
from domain.demand import Demand
from domain.letters import Letter
from tests.web.pages.conftest import Browser, Hall, hidden, text

NO_ADDRESS = Applicant("Sans", "Adresse")
GOOD = {"subject": "Une pièce manque", "body": "Bonjour,\r\n\r\nIl manque le livret.", "decision": "send"}
OPEN_STATES = ["received", "taken", "held"]


def address(reference: str) -> str:
    return f"/demandes/{reference}/courriel/contact"


def contacts(hall: Hall, reference: str) -> list[Demand.MailRequested]:
    facts = hall.dossier(reference).facts
    return [fact for fact in facts if isinstance(fact, Demand.MailRequested) and fact.kind == "contact"]


@pytest.mark.parametrize("state", OPEN_STATES)
def test_the_page_shows_to_whom_and_a_draft_from_the_template(hall: Hall, zoe: Browser, state: str) -> None:
    reference = getattr(hall, state)()
    assert f'href="{address(reference)}"' in zoe.get(f"/demandes/{reference}").text
    page = zoe.get(address(reference))
    words = text(page)
    assert page.status_code == 200
    assert "marie.helene@exemple.fr" in words
    assert f"(référence {reference})" in words
    assert "Mairie de Saint-Aubin" in words


def test_a_letter_leaves_as_it_was_written_and_may_be_followed_by_others(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    for number in (1, 2):
        answer = zoe.post(address(reference), **(GOOD | {"subject": f"Courriel {number}"}))
        assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}/historique")
    letters = [hall.dossier(reference).letter(fact) for fact in contacts(hall, reference)]
    body = "Bonjour,\n\nIl manque le livret."
    assert letters == [Letter("marie.helene@exemple.fr", f"Courriel {number}", body) for number in (1, 2)]
    queued = hall.installation.outbox.of_demand(hall.demand(reference).id)
    assert [mail.kind for mail in queued].count("contact") == 2
    words = text(zoe.get(f"/demandes/{reference}/historique"))
    assert words.count("Il manque le livret.") == 2
    assert "Vous avez envoyé un courriel" in words
    assert "Zoé Martin a demandé l’envoi : courriel à l’usager" in words


def test_its_text_is_gone_after_the_closure_and_its_trace_stays(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    zoe.post(address(reference), **GOOD)
    zoe.post(f"/demandes/{reference}/cloture", outcome="traitee", decision="none")
    words = text(zoe.get(f"/demandes/{reference}/historique"))
    assert "livret" not in words
    assert "Une pièce manque" not in words
    assert "Zoé Martin a demandé l’envoi : courriel à l’usager" in words
    assert "Texte du courriel : effacé" in words
    assert zoe.get(address(reference)).status_code == 409


def test_cancel_sends_nothing_and_records_nothing(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    before = hall.facts(reference)
    answer = zoe.post(address(reference), decision="cancel", subject="", body="")
    assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}")
    assert hall.facts(reference) == before
    assert zoe.get(address(reference)).status_code == 200


def test_a_letter_given_up_or_looked_at_is_not_refused_for_what_a_colleague_did(
    hall: Hall, zoe: Browser, luc: Browser
) -> None:
    reference = hall.taken()
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    shown = zoe.post(address(reference), version=seen, preview="1", **GOOD)
    assert shown.status_code == 200
    assert "Ce qui a changé : événement ajouté" in text(shown)
    assert "letter-preview" in shown.text
    gone = zoe.post(address(reference), version=seen, **(GOOD | {"decision": "cancel"}))
    assert (gone.status_code, gone.location) == (303, f"/demandes/{reference}")
    luc.post(f"/demandes/{reference}/cloture", outcome="traitee", decision="none")
    assert zoe.post(address(reference), version=seen, decision="cancel").status_code == 303
    assert contacts(hall, reference) == []


def test_a_letter_sent_from_a_stale_page_comes_back_with_what_changed_and_can_be_sent(
    hall: Hall, zoe: Browser, luc: Browser
) -> None:
    reference = hall.taken()
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    refused = zoe.post(address(reference), version=seen, command_id="stale", **GOOD)
    assert refused.status_code == 409
    words = text(refused)
    assert "Luc Petit a agi sur cette demande" in words
    assert "Ce qui a changé : événement ajouté" in words
    assert 'value="Une pièce manque"' in refused.text
    assert "Il manque le livret.</textarea>" in refused.text
    assert contacts(hall, reference) == []
    again = {name: hidden(refused.text, name) for name in ("version", "command_id")}
    assert zoe.post(address(reference), **again, **GOOD).status_code == 303
    assert len(contacts(hall, reference)) == 1


@pytest.mark.parametrize("button", [{"decision": "send"}, {"preview": "1"}])
def test_the_draft_alone_is_no_letter(hall: Hall, zoe: Browser, button: dict[str, str]) -> None:
    reference = hall.taken()
    page = zoe.get(address(reference)).text
    draft = html.unescape(page.split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0])
    assert "\n\n\n\n\n\n" in draft, "no room to write"
    untouched = draft.replace("\n", "\r\n") + "  \r\n"
    answer = zoe.post(address(reference), subject="Autre objet", body=untouched, **button)
    assert answer.status_code == 422
    assert "Écrivez votre message" in text(answer)
    assert 'id="f-body-error"' in answer.text
    assert contacts(hall, reference) == []


def test_the_room_around_what_was_written_does_not_leave(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    body = "Bonjour,\r\n\r\n\r\nVenez mardi.\r\n\r\n\r\n\r\nCordialement\r\nZoé\r\n"
    zoe.post(address(reference), **(GOOD | {"body": body}))
    (fact,) = contacts(hall, reference)
    letter = hall.dossier(reference).letter(fact)
    assert letter is not None
    assert letter.body == "Bonjour,\n\nVenez mardi.\n\nCordialement\nZoé"


def test_a_double_click_sends_once(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    assert [zoe.post(address(reference), command_id="one-click", **GOOD).status_code for _ in range(2)] == [303, 303]
    assert len(contacts(hall, reference)) == 1


@pytest.mark.parametrize(
    "faulty", [{"decision": ""}, {"decision": "later"}, {"subject": ""}, {"subject": "a\r\nBcc: b"}, {"body": " "}]
)
def test_a_faulty_letter_comes_back_as_it_was_typed(hall: Hall, zoe: Browser, faulty: dict[str, Any]) -> None:
    reference = hall.taken()
    answer = zoe.post(address(reference), **(GOOD | {"subject": "Objet tapé", "body": "Texte tapé"} | faulty))
    assert answer.status_code == 422
    assert "Objet tapé" in answer.text or "Texte tapé" in answer.text
    assert contacts(hall, reference) == []


def test_without_an_address_it_is_neither_offered_nor_possible(hall: Hall, zoe: Browser) -> None:
    reference = hall.received(applicant=NO_ADDRESS)
    assert "courriel/contact" not in zoe.get(f"/demandes/{reference}").text
    assert zoe.get(address(reference)).status_code == 409
    answer = zoe.post(address(reference), **GOOD)
    assert answer.status_code == 409
    assert "pas laissé d’adresse" in text(answer)
    assert "Il manque le livret." in answer.text


def test_strangers_auditors_and_members_without_the_right(
    hall: Hall, max_: Browser, ines: Browser, eva: Browser
) -> None:
    reference = hall.taken(procedure="AEM")
    for browser, status in ((max_, 404), (ines, 403), (eva, 403)):
        assert browser.get(address(reference)).status_code == status
        assert browser.post(address(reference), **GOOD).status_code == status
    assert contacts(hall, reference) == []


def test_a_letter_that_did_not_arrive_is_seen_on_the_demand_until_it_does(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    zoe.post(address(reference), **GOOD)
    mail_id = contacts(hall, reference)[0].mail_id
    identity = hall.demand(reference).id
    with hall.office.demand_of_job(identity, hall.command()) as demand:
        demand.mail_failed("contact", mail_id, "rejected", 550)
    page = text(zoe.get(f"/demandes/{reference}"))
    assert "Courriel non remis (courriel à l’usager) : le serveur de messagerie l’a refusé." in page
    with hall.office.demand_of_job(identity, hall.command()) as demand:
        demand.mail_sent("contact", mail_id)
    assert "Courriel non remis" not in text(zoe.get(f"/demandes/{reference}"))
