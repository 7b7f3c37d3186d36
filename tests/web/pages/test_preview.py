"""A letter is looked at as it would leave before anything is decided; without JavaScript it is a button."""

import re

import pytest

from domain.applicant import Applicant
from tests.web.pages.conftest import Browser, Hall, text

PAGES = ("courriel/prise-en-compte", "courriel/contact", "cloture")
LETTER = {"subject": "Objet essayé", "body": "Bonjour,\r\nTexte <b>essayé</b>"}
TYPED = LETTER | {"outcome": "refusee", "comment": "Illisible"}


@pytest.mark.parametrize("page", PAGES)
def test_it_shows_the_text_keeps_the_form_and_decides_nothing(hall: Hall, zoe: Browser, page: str) -> None:
    reference = hall.taken()
    before = hall.facts(reference)
    assert 'name="preview"' in zoe.get(f"/demandes/{reference}/{page}").text
    answer = zoe.post(f"/demandes/{reference}/{page}", preview="1", **TYPED)
    assert answer.status_code == 200
    shown = answer.text.split('class="letter">')[1].split("</pre>")[0]
    assert shown == "Bonjour,\nTexte &lt;b&gt;essayé&lt;/b&gt;" + ("\n" if page == "cloture" else "")
    assert "Rien n’est encore parti." in text(answer)
    assert 'value="Objet essayé"' in answer.text
    assert hall.facts(reference) == before
    decision = "none" if page == "cloture" else "cancel"
    assert zoe.post(f"/demandes/{reference}/{page}", decision=decision, **TYPED).status_code == 303


def test_the_closing_letter_is_shown_with_the_issue_and_the_comment(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    typed = {"outcome": "refusee", "comment": "Pièce illisible", "subject": "{issue}", "body": "{commentaire} {issue}"}
    answer = zoe.post(f"/demandes/{reference}/cloture", preview="1", **typed)
    assert "Objet Refusée Pièce illisible Refusée" in text(answer)
    assert "{commentaire} {issue}</textarea>" in answer.text
    assert '<option value="refusee" selected>' in answer.text
    assert hall.demand(reference).status == "EN_COURS_DE_TRAITEMENT"


def test_a_preview_never_closes_even_where_no_letter_can_leave(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken(applicant=Applicant("Sans", "Adresse"))
    answer = zoe.post(f"/demandes/{reference}/cloture", preview="1", outcome="refusee", comment="Illisible")
    assert answer.status_code == 200
    assert "letter-preview" not in answer.text
    assert '<option value="refusee" selected>' in answer.text
    assert hall.demand(reference).status == "EN_COURS_DE_TRAITEMENT"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("faulty", [{"subject": ""}, {"body": " "}, {"subject": "x" * 201}])
def test_a_faulty_letter_is_not_shown(hall: Hall, zoe: Browser, page: str, faulty: dict[str, str]) -> None:
    answer = zoe.post(f"/demandes/{hall.taken()}/{page}", preview="1", **(TYPED | faulty))
    assert answer.status_code == 422
    assert "letter-preview" not in answer.text


@pytest.mark.parametrize("outcome", ["", "inconnue"])
def test_a_closing_letter_needs_an_issue_to_be_shown(hall: Hall, zoe: Browser, outcome: str) -> None:
    answer = zoe.post(f"/demandes/{hall.taken()}/cloture", preview="1", **(TYPED | {"outcome": outcome}))
    assert answer.status_code == 422
    assert 'id="f-outcome-error"' in answer.text


@pytest.mark.parametrize("page", ["courriel/prise-en-compte", "cloture"])
def test_a_colleague_s_act_in_between_is_noticed_here_already(
    hall: Hall, zoe: Browser, luc: Browser, page: str
) -> None:
    reference = hall.taken()
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    answer = zoe.post(f"/demandes/{reference}/{page}", preview="1", version=seen, **TYPED)
    assert answer.status_code == 409
    assert "Luc Petit" in text(answer)


@pytest.mark.parametrize("page", PAGES)
def test_a_preview_that_cannot_be_made_says_so(hall: Hall, zoe: Browser, page: str) -> None:
    reference, faulty = hall.taken(), TYPED | {"subject": "", "outcome": ""}
    words = text(zoe.post(f"/demandes/{reference}/{page}", preview="1", **faulty))
    assert "L’aperçu n’est pas possible : corrigez le champ signalé." in words
    assert "n’est pas parti" not in words
    assert "n’est pas clôturée" not in words
    assert (
        "L’aperçu" not in text(zoe.post(f"/demandes/{reference}/{page}", decision="send", **faulty)).split("Issue")[0]
    )


@pytest.mark.parametrize("page", PAGES)
def test_words_left_in_braces_neither_leave_nor_are_shown(hall: Hall, zoe: Browser, page: str) -> None:
    reference = hall.taken()
    before = hall.facts(reference)
    braces = TYPED | {"subject": "Pour {usager}", "body": "Bonjour {usager}, rendez-vous le {Date du RDV}."}
    for button in ({"preview": "1"}, {"decision": "send"}):
        answer = zoe.post(f"/demandes/{reference}/{page}", **braces, **button)
        assert answer.status_code == 422
        assert "Rien ne remplacera plus {usager}, {Date du RDV}" in text(answer)
        assert 'id="f-subject-error"' in answer.text
        assert "Bonjour {usager}, rendez-vous" in answer.text
        assert "letter-preview" not in answer.text
    assert hall.facts(reference) == before


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("wrong", ["{usager", "usager}", "{{usager}}", "{ }"])
def test_a_brace_alone_does_not_leave_either(hall: Hall, zoe: Browser, page: str, wrong: str) -> None:
    answer = zoe.post(
        f"/demandes/{hall.taken()}/{page}", **TYPED | {"body": f"Bonjour {wrong}, venez."}, decision="send"
    )
    assert answer.status_code == 422
    assert f"Rien ne remplacera plus {wrong}" in text(answer)


def test_braces_that_a_citizen_s_name_holds_are_his(hall: Hall, zoe: Browser) -> None:
    odd = Applicant("Martin {dit Tintin}", "Paul", email="paul@exemple.fr")
    page = f"/demandes/{hall.taken(applicant=odd)}/courriel/contact"
    answer = zoe.post(page, preview="1", subject="Objet", body="Bonjour Paul Martin {dit Tintin}, venez.")
    assert answer.status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_its_button_looks_like_one_and_its_result_has_a_title(hall: Hall, zoe: Browser, page: str) -> None:
    address = f"/demandes/{hall.taken()}/{page}"
    assert re.search(r'name="preview" value="1" class="btn btn-outline"', zoe.get(address).text)
    answer = zoe.post(address, preview="1", **TYPED)
    assert "<title>Aperçu ·" in answer.text
    assert "Aperçu : voici le courriel tel qu’il partirait" in text(answer)
    assert 'href="#f-subject"' in answer.text


def test_on_the_closing_page_it_stands_beside_the_other_buttons(hall: Hall, zoe: Browser) -> None:
    page = zoe.get(f"/demandes/{hall.taken()}/cloture").text
    buttons = page.split('class="closing"')[1].split("</form>")[0]
    assert buttons.index('name="preview"') < buttons.index('name="decision"')
    assert "tels quels" in page
