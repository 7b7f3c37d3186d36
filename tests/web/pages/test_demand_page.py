"""A demand's two pages: content grouped as in the form, allowed actions only, what remains once it is finished."""

import html
import re
from typing import Any

import pytest

from domain.applicant import Applicant
from domain.references import ALPHABET
from domain.status import Status
from tests.web.pages.conftest import MARIE, Browser, Hall, text

EVERY_ACTION = {
    "prise-en-compte",
    "mise-en-attente",
    "reprise",
    "reattribution",
    "cloture",
    "courriel/prise-en-compte",
    "courriel/contact",
    "historique#evenement",
}
ALWAYS = {"reattribution", "courriel/contact", "historique#evenement"}
OFFERED = {
    "received": {"prise-en-compte", *ALWAYS},
    "taken": {"mise-en-attente", "cloture", "courriel/prise-en-compte", *ALWAYS},
    "held": {"reprise", "courriel/prise-en-compte", *ALWAYS},
    "closed": set(),
}


def test_the_whole_content_stands_in_the_words_of_the_form(hall: Hall, zoe: Browser) -> None:
    page = text(zoe.get(f"/demandes/{hall.received()}"))
    for phrase in ("Usager", "N’Guyen-Œuvrard", "12 rue des Lilas", "67000 Strasbourg", "sans réponse"):
        assert phrase in page


@pytest.mark.parametrize("page", ["", "/fiche"])
def test_what_is_missing_is_said_in_the_gender_of_its_word(hall: Hall, zoe: Browser, page: str) -> None:
    reference = hall.received("AEN", Applicant("Petit", "Zoé"))
    words = text(zoe.get(f"/demandes/{reference}{page}"))
    for said in ("Courriel non renseigné ", "Téléphone non renseigné ", "Adresse postale non renseignée "):
        assert said in words


def test_codes_are_shown_as_labels(hall: Hall, zoe: Browser) -> None:
    question = next(q for q in hall.office.directory.definition("AEN").fields if q.choices and q.show_if is None)
    answers: dict[str, Any] = {question.name: question.choices[0].value}
    reference = hall.received("AEN", **answers)
    assert question.choices[0].label in text(zoe.get(f"/demandes/{reference}"))


@pytest.mark.parametrize("state", OFFERED)
def test_only_the_allowed_actions_are_offered(hall: Hall, zoe: Browser, state: str) -> None:
    reference = getattr(hall, state)()
    page = zoe.get(f"/demandes/{reference}").text
    assert {name for name in EVERY_ACTION if f'"/demandes/{reference}/{name}"' in page} == OFFERED[state]


def test_looking_is_not_taking(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    before = hall.facts(reference)
    zoe.get(f"/demandes/{reference}")
    zoe.get(f"/demandes/{reference}/historique")
    assert hall.facts(reference) == before


def test_each_view_of_content_leaves_one_row(hall: Hall, zoe: Browser, ines: Browser) -> None:
    reference = hall.received()
    zoe.get(f"/demandes/{reference}")
    zoe.get(f"/demandes/{reference}/historique")
    ines.get(f"/demandes/{reference}")
    rows = hall.installation.access_log.of(reference)
    assert sorted((row.agent, row.page) for row in rows) == [("zoe", "demand"), ("zoe", "history")]


def test_markup_from_a_citizen_stays_text(hall: Hall, zoe: Browser) -> None:
    reference = hall.received(applicant=Applicant("<script>alert(1)</script>", "\"'><img src=x>"))
    for address in (f"/demandes/{reference}", "/demandes/non-traitees?size=100", f"/demandes/{reference}/historique"):
        page = zoe.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_an_auditor_sees_sealed_values(hall: Hall, ines: Browser) -> None:
    reference = hall.held(detail="Le préfet hésite")
    for address in (f"/demandes/{reference}", f"/demandes/{reference}/historique"):
        page = ines.get(address)
        assert page.status_code == 200
        assert "scellé" in text(page)
        assert MARIE.last_name not in page.text
        assert "préfet" not in page.text
        assert '<form method="post" action="/demandes' not in page.text


def test_a_restricted_demand_of_the_service_hides_its_content(hall: Hall, eva: Browser, hugo: Browser) -> None:
    reference = hall.received("CAN")
    assert MARIE.last_name in hugo.get(f"/demandes/{reference}").text.replace("&#39;", "'")
    page = eva.get(f"/demandes/{reference}")
    assert page.status_code == 200
    assert MARIE.last_name not in page.text


def test_a_loose_reference_leads_to_its_canonical_address(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    for suffix in ("", "/historique"):
        answer = zoe.get(f"/demandes/{reference.lower().replace('-', '')}{suffix}")
        assert (answer.status_code, answer.location) == (303, f"/demandes/{reference}{suffix}")


def test_unknown_foreign_and_miscopied_references(hall: Hall, zoe: Browser, max_: Browser) -> None:
    reference = hall.received()
    wrong = reference[:-1] + ALPHABET[(ALPHABET.index(reference[-1]) + 1) % 32]
    for suffix in ("", "/historique"):
        foreign, unknown = max_.get(f"/demandes/{reference}{suffix}"), max_.get(f"/demandes/AEN-0000-0000-0000{suffix}")
        assert foreign.status_code == unknown.status_code == 404
        assert text(foreign) == text(unknown)
        miscopied = zoe.get(f"/demandes/{wrong}{suffix}")
        assert miscopied.status_code == 404
        assert "référence mal recopiée" in text(miscopied).lower()


def test_the_history_opens_texts_and_letters(hall: Hall, zoe: Browser) -> None:
    reference = hall.held(detail="Le préfet\nhésite")
    page = zoe.get(f"/demandes/{reference}/historique")
    words = text(page)
    assert "Le préfet hésite" in words
    assert "Avis d’un autre service attendu" in words
    assert "est enregistrée" in words
    assert "Zoé Martin a mis la demande en attente" in words
    assert words.index("mis la demande en attente") < words.index("Demande reçue")


def test_a_finished_demand_keeps_its_two_pages(hall: Hall, zoe: Browser) -> None:
    reference = hall.closed()
    for address in (f"/demandes/{reference}", f"/demandes/{reference}/historique"):
        page = zoe.get(address)
        assert page.status_code == 200
        assert "Données personnelles effacées le 01/03/2027" in text(page)
        for gone in (MARIE.last_name, MARIE.first_name, "marie.helene", "main propre", "Votre demande"):
            assert gone not in page.text
        assert "Clôturée" in text(page)
        assert reference in text(page)


def test_a_key_that_outlived_a_crash_opens_nothing(hall: Hall, zoe: Browser) -> None:
    """Between the save of a closure and the destruction of its key, the pages show nothing either."""
    destroy = hall.installation.keyring.destroy
    hall.installation.keyring.destroy = lambda owners, at: None  # type: ignore[method-assign]
    reference = hall.closed()
    hall.installation.keyring.destroy = destroy  # type: ignore[method-assign]
    for address in (f"/demandes/{reference}", f"/demandes/{reference}/historique"):
        assert MARIE.first_name not in zoe.get(address).text


def test_a_deactivated_owner_is_marked_and_all_his_demands_are_one_click_away(fresh_hall: Hall) -> None:
    hall = fresh_hall
    reference, other, _ = hall.taken("luc"), hall.taken("luc"), hall.taken("zoe")
    assert "Réattribuer toutes ses demandes" not in text(hall.browser("hugo").get(f"/demandes/{reference}"))
    hall.office.directory.activate_agent(hall.command(), "luc", active=False)
    hugo = hall.browser("hugo")
    page = hugo.get(f"/demandes/{reference}")
    assert "Luc Petit (agent inactif)" in text(page)
    assert "réattribuez-la" in text(page)
    link = re.search(r'href="([^"]+)">Réattribuer toutes ses demandes', page.text)
    assert link is not None
    listed = hugo.get(html.unescape(link[1]))
    assert sorted(re.findall(r'name="references" value="([^"]+)"[^>]* checked', listed.text)) == sorted(
        [reference, other]
    )
    assert 'name="action" value="reassign"' in listed.text


def test_an_agent_is_led_to_the_demands_of_a_colleague_who_left(fresh_hall: Hall) -> None:
    reference = fresh_hall.taken("luc")
    fresh_hall.office.directory.activate_agent(fresh_hall.command(), "luc", active=False)
    page = fresh_hall.browser("zoe").get(f"/demandes/{reference}").text
    assert 'href="/demandes/service?agent=luc">Voir toutes ses demandes' in page
    assert "toutes ses demandes" not in text(fresh_hall.browser("ines").get(f"/demandes/{reference}"))


def test_an_agent_may_take_a_colleague_s_demand_over(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.taken("luc")
    assert "Me l’attribuer" in text(zoe.get(f"/demandes/{reference}"))
    assert zoe.post(f"/demandes/{reference}/reattribution", agent="zoe").status_code == 303
    assert hall.demand(reference).owner == "zoe"
    assert "Me l’attribuer" not in text(zoe.get(f"/demandes/{reference}"))
    assert luc.get(f"/demandes/{reference}").status_code == 200
    assert hall.demand(reference).status is Status.IN_PROGRESS


def test_nobody_follows_a_finished_demand_any_more(hall: Hall, zoe: Browser) -> None:
    page = text(zoe.get(f"/demandes/{hall.closed()}"))
    assert "Dernier agent Zoé Martin" in page
    assert "Suivie par" not in page


def test_a_demand_on_hold_says_why_it_waits(hall: Hall, zoe: Browser) -> None:
    reference = hall.held()
    reason = dict(hall.office.directory.townhall().vocabularies["reason"])["avis_attendu"]
    for page in ("", "/historique", "/fiche"):
        assert f"Motif de l’attente {reason}" in text(zoe.get(f"/demandes/{reference}{page}"))
    assert "Motif de l’attente" not in text(zoe.get(f"/demandes/{hall.taken()}"))


def test_what_was_typed_about_the_wait_stands_beside_its_reason_for_those_who_may_read_it(hall: Hall) -> None:
    reference, said = hall.held(detail="Le préfet <hésite>\nencore"), "Le préfet <hésite> encore"
    for code, reads in (("zoe", True), ("ines", False)):
        browser = hall.browser(code)
        for page in ("", "/historique"):
            found = text(browser.get(f"/demandes/{reference}{page}")).partition("Motif de l’attente")[2]
            assert said in found.partition("Démarche")[0] or not reads, (code, page)
            assert "préfet" not in found or reads, (code, page)


def test_the_link_to_write_to_a_citizen_is_readable_and_stays_an_address(hall: Hall, zoe: Browser) -> None:
    citizen = Applicant("Curie", "Marie", email="marie+acte&copie@exemple.fr")
    page = zoe.get(f"/demandes/{hall.received(applicant=citizen)}").text
    assert 'href="mailto:marie%2Bacte%26copie@exemple.fr"' in page
