"""The codes that agents choose from: added, renamed, withdrawn, offered again, each a fact with its author."""

from typing import Any
from urllib.parse import urlencode

import pytest

from domain.townhall import TOWNHALL_ID, Townhall
from tests.web.pages.administrators import with_administrators
from tests.web.pages.conftest import Browser, Hall, hidden, text

PAGE = "/administration/vocabulaires"
TERM = "/administration/vocabulaires/libelle"
NEW: dict[str, Any] = {"vocabulary": "event_type", "code": "photo_recue", "label": "Photo reçue"}
CALL: dict[str, Any] = {"vocabulary": "event_type", "code": "appel_usager"}


@pytest.fixture
def hall(fresh_hall: Hall) -> Hall:
    """A town hall with two administrators."""
    return with_administrators(fresh_hall)


@pytest.fixture
def ada(hall: Hall) -> Browser:
    return hall.browser("ada")


def town(hall: Hall) -> Townhall:
    return hall.office.directory.townhall()


def term_page(browser: Browser, **named: str) -> Any:
    return browser.get(f"{TERM}?{urlencode(named)}")


def rename(browser: Browser, label: str, **more: str) -> Any:
    return browser.post(TERM, **CALL, decision="offer", label=label, **more)


def withdraw(browser: Browser, **more: str) -> Any:
    return browser.post(TERM, **(CALL | more), decision="withdraw")


def test_a_new_code_may_be_chosen_at_once_and_its_author_is_known(hall: Hall, ada: Browser) -> None:
    answer = ada.post(PAGE, **NEW)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}#event_type")
    last = hall.installation.register.facts(TOWNHALL_ID)[-1]
    assert (last.name, last.agent) == ("TermsAdded", "ada")
    assert "« Photo reçue » est proposé aux agents dès maintenant" in text(ada.get(PAGE))
    zoe, reference = hall.browser("zoe"), hall.taken()
    assert '<option value="photo_recue">Photo reçue' in zoe.get(f"/demandes/{reference}/historique").text
    assert zoe.post(f"/demandes/{reference}/evenements", event_type="photo_recue").status_code == 303


def test_another_label_shows_in_history_too(hall: Hall, ada: Browser) -> None:
    zoe, reference = hall.browser("zoe"), hall.taken()
    zoe.post(f"/demandes/{reference}/evenements", event_type="appel_usager")
    assert rename(ada, "Échange téléphonique").status_code == 303
    assert "Échange téléphonique" in text(zoe.get(f"/demandes/{reference}/historique"))
    assert "Échange téléphonique" in text(ada.get(PAGE))


def test_a_withdrawn_code_is_offered_no_more_and_history_keeps_its_label(hall: Hall, ada: Browser) -> None:
    zoe, reference, label = hall.browser("zoe"), hall.taken(), town(hall).vocabularies["event_type"]["appel_usager"]
    zoe.post(f"/demandes/{reference}/evenements", event_type="appel_usager")
    assert withdraw(ada).status_code == 303
    assert hall.installation.register.facts(TOWNHALL_ID)[-1].name == "TermWithdrawn"
    history = zoe.get(f"/demandes/{reference}/historique")
    assert label in text(history)
    assert 'value="appel_usager"' not in history.text
    refused = zoe.post(f"/demandes/{reference}/evenements", event_type="appel_usager", comment="Mot tapé")
    assert refused.status_code == 422
    assert "Mot tapé" in refused.text
    assert "retiré" in text(ada.get(PAGE))
    assert "Remettre au choix" in text(term_page(ada, **CALL))
    assert rename(ada, label).status_code == 303
    assert 'value="appel_usager"' in zoe.get(f"/demandes/{reference}/historique").text


def test_a_withdrawn_reason_or_outcome_is_refused_with_the_form(hall: Hall, ada: Browser) -> None:
    zoe, reference = hall.browser("zoe"), hall.taken()
    withdraw(ada, vocabulary="reason", code="avis_attendu")
    withdraw(ada, vocabulary="outcome", code="refusee")
    assert 'value="refusee"' not in zoe.get(f"/demandes/{reference}/cloture").text
    assert zoe.post(f"/demandes/{reference}/mise-en-attente", reason="avis_attendu").status_code == 422
    closing = zoe.post(f"/demandes/{reference}/cloture", outcome="refusee", decision="none")
    assert closing.status_code == 422
    assert hall.demand(reference).status == "EN_COURS_DE_TRAITEMENT"


def test_what_is_past_is_still_named_and_found_by_a_withdrawn_code(hall: Hall, ada: Browser) -> None:
    zoe, held, closed = hall.browser("zoe"), hall.held(), hall.taken()
    zoe.post(f"/demandes/{closed}/evenements", event_type="appel_usager")
    zoe.post(f"/demandes/{closed}/cloture", outcome="traitee", decision="none")
    withdraw(ada)
    withdraw(ada, vocabulary="reason", code="avis_attendu")
    assert town(hall).vocabularies["reason"]["avis_attendu"] in text(zoe.get(f"/demandes/{held}"))
    journal = zoe.get("/journal?event_type=appel_usager")
    assert '<option value="appel_usager" selected>' in journal.text
    assert closed in journal.text


def test_the_last_choice_of_a_vocabulary_stays(hall: Hall, ada: Browser) -> None:
    codes = list(town(hall).offered("outcome"))
    answers = [withdraw(ada, vocabulary="outcome", code=code) for code in codes]
    assert [answer.status_code for answer in answers] == [303] * (len(codes) - 1) + [422]
    assert "C’est le dernier" in text(answers[-1])
    assert list(town(hall).offered("outcome")) == codes[-1:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", ""),
        ("code", "x" * 81),
        ("code", "marie@exemple.fr"),
        ("code", "appel au 0600000000"),
        ("code", "appel_usager"),
        ("label", ""),
        ("label", "x" * 81),
        ("label", "Rappeler marie@exemple.fr"),
        ("label", "Dossier 123456"),
        ("label", "PIÈCE REÇUE"),
        ("vocabulary", "agents"),
        ("vocabulary", ""),
    ],
)
def test_a_faulty_form_comes_back_as_typed_and_adds_nothing(hall: Hall, ada: Browser, name: str, value: str) -> None:
    before = hall.installation.register.facts(TOWNHALL_ID)
    answer = ada.post(PAGE, **(NEW | {name: value}))
    assert answer.status_code == 422
    if name != "vocabulary":
        assert f'id="{name}-event_type-error"' in answer.text
        assert all(f'value="{typed}"' in answer.text for other, typed in NEW.items() if other != name)
    assert hall.installation.register.facts(TOWNHALL_ID) == before


@pytest.mark.parametrize("label", ["", "x" * 81, "Rappeler marie@exemple.fr", "Dossier 123456", "pièce reçue"])
def test_a_faulty_label_changes_nothing(hall: Hall, ada: Browser, label: str) -> None:
    before = town(hall).vocabularies["event_type"]["appel_usager"]
    answer = rename(ada, label)
    assert answer.status_code == 422
    assert 'id="f-label-error"' in answer.text
    assert town(hall).vocabularies["event_type"]["appel_usager"] == before


def test_a_colleague_s_change_in_between_is_not_overwritten(hall: Hall, ada: Browser) -> None:
    seen = hidden(term_page(ada, **CALL).text, "version")
    assert rename(hall.browser("bob"), "Appel reçu").status_code == 303
    for answer in (rename(ada, "Échange téléphonique", version=seen), withdraw(ada, version=seen)):
        assert answer.status_code == 409
        assert "Bob a enregistré d’autres réglages" in text(answer)
        assert "ce qui a changé : ce libellé" in text(answer)
        assert ("Libellé Échange téléphonique" in text(answer)) == ("Échange" in answer.text)
        assert f'href="{TERM}?vocabulary=event_type&amp;code=appel_usager">Rouvrir la page' in answer.text
    assert town(hall).offered("event_type")["appel_usager"] == "Appel reçu"


def test_a_code_that_a_colleague_added_meanwhile_is_given_back(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    hall.browser("bob").post(PAGE, **NEW)
    answer = ada.post(PAGE, **NEW, version=seen)
    assert answer.status_code == 409
    assert "Libellé Photo reçue Code photo_recue" in text(answer)
    assert f'href="{PAGE}#event_type">Rouvrir la page' in answer.text


def test_another_code_in_between_and_a_double_click_are_no_conflict(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    assert hall.browser("bob").post(PAGE, **(NEW | {"code": "autre_piece", "label": "Autre"})).status_code == 303
    for _ in range(2):
        assert ada.post(PAGE, **NEW, version=seen, command_id="one-click").status_code == 303
    assert [fact.agent for fact in hall.installation.register.facts(TOWNHALL_ID)[-2:]] == ["bob", "ada"]


@pytest.mark.parametrize(
    "named",
    [{"code": "appel_usager"}, {"vocabulary": "agents", "code": "zoe"}, CALL | {"code": "inconnu"}],
)
def test_an_unknown_code_is_not_found(ada: Browser, named: dict[str, str]) -> None:
    assert term_page(ada, **named).status_code == 404
    assert ada.post(TERM, **named, decision="withdraw").status_code == 404


def test_an_address_without_a_code_leads_to_the_list(ada: Browser) -> None:
    named = {"vocabulary": "event_type"}
    for answer in (term_page(ada, **named), ada.post(TERM, **named, decision="withdraw")):
        assert (answer.status_code, answer.location) == (303, PAGE)
    assert "Choisissez un code." in text(ada.get(PAGE))


def test_a_code_of_any_characters_has_its_page_and_stays_text(hall: Hall, ada: Browser) -> None:
    code = "T02 <b>Check</b> & ?#%2F"
    assert ada.post(PAGE, **(NEW | {"code": code, "label": "<i>Vu</i>"})).status_code == 303
    page = term_page(ada, vocabulary="event_type", code=code)
    assert page.status_code == 200
    assert not any(mark in page.text + ada.get(PAGE).text for mark in ("<b>Check", "<i>Vu"))


def test_an_agent_neither_sees_nor_changes_vocabularies(hall: Hall) -> None:
    zoe, before = hall.browser("zoe"), hall.installation.register.facts(TOWNHALL_ID)
    assert [zoe.get(PAGE).status_code, term_page(zoe, **CALL).status_code] == [403, 403]
    assert [zoe.post(PAGE, **NEW).status_code, withdraw(zoe).status_code] == [403, 403]
    assert hall.installation.register.facts(TOWNHALL_ID) == before
