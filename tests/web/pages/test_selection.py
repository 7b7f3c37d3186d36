"""Acting on many demands: what is meant is shown first, confirmed, then kept; nothing typed is lost, never a 500."""

import html
import re
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text as sql
from werkzeug.test import TestResponse

from domain.applicant import Address, Applicant
from domain.bulk import opened
from domain.definition import Definition
from domain.drafts import DEFAULTS
from domain.letters import LetterKind, Template
from domain.references import new_reference
from store.operations import Operation
from tests.web.pages.conftest import CIVIL, MARIE, Browser, Hall, hidden, text
from tests.web.test_labels import label_of, lines
from web.labels import FORMATS, address_lines

ADDRESS = "/demandes/selection"
NO_EMAIL = Applicant("Sans", "Courriel", address=Address("1 rue Basse", "67000", "Strasbourg"))
NO_POST = Applicant("Sans", "Adresse", email="sans@exemple.fr")


def operation_of(hall: Hall, answer: TestResponse) -> Operation:
    """The operation to which a confirmed form leads."""
    assert answer.status_code == 303, text(answer)
    found = hall.installation.operations.find(UUID(answer.location.rpartition("/")[2]))
    assert found is not None
    return found


def references_of(hall: Hall, operation: Operation) -> list[str]:
    """Its demands, in order."""
    return [reference for _, reference in hall.installation.operations.group(operation, 10_000)]


def choose(browser: Browser, action: str, references: list[str] | str, **fields: Any) -> TestResponse:
    return browser.post(ADDRESS, action=action, scope="page", references=references, **fields)


def by_filter(browser: Browser, action: str, expected: int, **fields: Any) -> TestResponse:
    return browser.post(ADDRESS, action=action, scope="filter", expected=str(expected), **fields)


def carried(page: TestResponse, *names: str) -> dict[str, str]:
    """Hidden fields of the confirmation's own form."""
    form = page.text.partition('class="letter-form"')[2]
    return {name: hidden(form, name) for name in names}


FIELD = re.compile(r'name="([a-z_]+)"')
FILTER = ("section", "criteria", "expected", "digest")
CLOSING = {"confirmed": "1", "outcome": "traitee", "decision": "none"}


def test_the_confirmation_names_the_number_what_is_erased_and_what_is_left_aside(hall: Hall, zoe: Browser) -> None:
    mine, waiting, held, closed = hall.taken(), hall.received(), hall.held(), hall.closed()
    page = choose(zoe, "close", [mine, waiting, held, closed, "AEN-0000-0000-0000"])
    words = text(page)
    assert page.status_code == 200
    assert "Clôturer 1 demande" in words
    assert "Sur 5 demandes choisies, 4 ne peuvent pas être clôturées" in words
    for said in ("Introuvable", "Pas encore prise en compte", "réaffectez d’abord le statut en cours", "Déjà clôturée"):
        assert said in words
    assert "coordonnées de l’usager" in words
    assert all(f"/demandes/{reference}" in page.text for reference in (mine, waiting, held, closed))
    assert hall.demand(mine).status == "EN_COURS_DE_TRAITEMENT"


def test_a_foreign_demand_is_as_unknown_as_one_that_does_not_exist(hall: Hall, max_: Browser) -> None:
    foreign = hall.taken()
    page = choose(max_, "close", [foreign])
    assert page.status_code == 200
    assert "Introuvable, ou hors de vos services" in text(page)
    assert f'href="/demandes/{foreign}"' not in page.text
    assert "clôturée" not in text(page).partition("Introuvable")[2].partition("Revenir")[0]


def test_whoever_may_only_look_may_not_close(hall: Hall, eva: Browser) -> None:
    other = hall.taken(by="zoe", procedure="AEM")
    assert "Vos droits ne permettent pas cette action" in text(choose(eva, "close", [other]))


def test_an_agent_reassigns_by_the_lot_what_is_his_and_a_head_what_his_services_have(
    hall: Hall, zoe: Browser, hugo: Browser
) -> None:
    references = [hall.taken(), hall.held(), hall.taken(by="luc"), hall.received()]
    page = choose(zoe, "reassign", references)
    assert "Réattribuer 2 demandes" in text(page)
    assert "Sur 4 demandes choisies, 2 ne peuvent pas être réattribuées" in text(page)
    assert "demandez à un responsable de service" in text(page)
    confirmed = operation_of(hall, choose(zoe, "reassign", references, confirmed="1", agent="luc"))
    assert confirmed.total == 4
    assert "Réattribuer 4 demandes" in text(choose(hugo, "reassign", references))
    assert zoe.post(f"/demandes/{references[3]}/reattribution", agent="luc").status_code == 303


@pytest.mark.parametrize("action", ["close", "labels", "reassign", "add_event"])
def test_nothing_ticked_is_said_in_french(zoe: Browser, action: str) -> None:
    for references in ([], ["pas une référence"]):
        answer = choose(zoe, action, references, section="untreated")
        assert answer.status_code == 422
        assert "Aucune demande sélectionnée" in text(answer)
        assert 'href="/demandes/non-traitees"' in answer.text


@pytest.mark.parametrize(
    "faulty",
    [
        {"action": "erase"},
        {"scope": "everything"},
        {"scope": "filter", "section": "journal"},
        {"scope": "filter", "section": "service", "status": "OUVERTE"},
        {"scope": "filter", "section": "service", "criteria": "status=OUVERTE"},
        {"scope": "filter", "section": "service", "criteria": "&".join(f"a{n}=1" for n in range(50))},
        {"scope": "filter", "section": "service", "criteria": "reference=%00"},
        {"scope": "filter", "section": "service", "cherche": "d’une autre session"},
        {"scope": "filter", "section": "service", "applicant": "x" * 101},
    ],
)
def test_what_cannot_be_meant_is_refused_in_french(hall: Hall, zoe: Browser, faulty: dict[str, str]) -> None:
    fields = {"action": "close", "scope": "page", "references": hall.taken()} | faulty
    answer = zoe.post(ADDRESS, **fields)
    assert answer.status_code == 422
    assert "Formulaire incomplet" in text(answer)


def test_a_confirmed_closure_becomes_one_operation_however_often_it_is_sent(hall: Hall, zoe: Browser) -> None:
    references = [hall.taken(), hall.taken()]
    page = choose(zoe, "close", references, section="in_progress")
    fields = {"command_id": hidden(page.text, "command_id"), "comment": "Remis", **CLOSING}
    answers = [choose(zoe, "close", references, section="in_progress", **fields) for _ in range(2)]
    first, second = (operation_of(hall, answer) for answer in answers)
    assert first == second
    assert (first.agent, first.action, first.total, first.back) == ("zoe", "close", 2, "/demandes/en-cours")
    assert references_of(hall, first) == references
    other = hall.browser("luc")
    assert operation_of(hall, choose(other, "close", references, **fields)).id != first.id


def test_the_texts_are_kept_sealed_under_a_key_of_the_operation(hall: Hall, zoe: Browser) -> None:
    fields = CLOSING | {"comment": "Mot pour Marie-Hélène", "decision": "send"}
    operation = operation_of(hall, choose(zoe, "close", [hall.taken()], **fields))
    with hall.installation.stores.accounts.connect() as connection:
        stored = connection.execute(sql("SELECT * FROM operations")).all()
    assert "Marie-Hélène" not in str(stored)
    key = hall.installation.keyring.keys([operation.id])[operation.id]
    assert operation.details is not None
    asked = opened(key, operation.id, operation.details)
    assert asked is not None
    assert (asked.outcome, asked.comment, asked.letter, asked.template) == (
        *("traitee", "Mot pour Marie-Hélène", True),
        None,
    )
    assert repr(asked) == "Asked()"


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
        {"subject": "Votre {dossier}"},
        {"body": "Bonjour {nom}"},
    ],
)
def test_a_faulty_form_asks_nothing_and_loses_nothing(hall: Hall, zoe: Browser, faulty: dict[str, str]) -> None:
    reference = hall.taken()
    before = len(hall.installation.operations.latest("zoe", 100))
    typed = CLOSING | {"comment": "Mot tapé", "decision": "send", "subject": "Objet", "body": "Corps tapé"}
    answer = choose(zoe, "close", [reference], **(typed | faulty))
    assert answer.status_code == 422
    assert "Mot tapé" in answer.text or "Corps tapé" in answer.text
    assert hidden(answer.text, "references") == reference
    assert len(hall.installation.operations.latest("zoe", 100)) == before


@pytest.mark.parametrize("part", ["subject", "body"])
@pytest.mark.parametrize(
    "wrong",
    [
        *("{Usager}", "{référence}", "{ usager }", "{USAGER}", "{nom usager}", "{{usager}}", "{referenceX}", "{}"),
        *("{usager", "usager}", "{usager}}", "{{usager}"),
    ],
)
def test_no_citizen_ever_reads_braces_that_nothing_fills(hall: Hall, zoe: Browser, wrong: str, part: str) -> None:
    reference = hall.taken()
    before = len(hall.installation.operations.latest("zoe", 100))
    typed = CLOSING | {"decision": "send", "subject": "Objet {reference}", "body": "Bonjour {usager} : {issue}."}
    typed[part] = f"Pour {wrong}, le maire"
    for pressed in ({"preview": "1"}, {}):
        answer = choose(zoe, "close", [reference], **(typed | pressed))
        assert answer.status_code == 422
        assert f"Rien ne remplacera {wrong} :" in text(answer)
    assert len(hall.installation.operations.latest("zoe", 100)) == before


def test_braces_of_a_procedure_s_own_text_or_of_a_citizen_do_not_stop_its_agent(hall: Hall, zoe: Browser) -> None:
    own = Template("Votre {Dossier}", "{usager}, prenez l’imprimé {A 12}.")
    hall.office.directory.define_procedure(
        hall.command(), Definition("BRA", "Imprimé", CIVIL, templates={LetterKind.CLOSURE: own})
    )
    named = Applicant("Jean {Jo}", "Petit", email="jo@exemple.fr")
    references, typed = [hall.taken(procedure="BRA", applicant=named)], CLOSING | {"decision": "send"}
    shown = {"subject": own.subject, "body": own.body + "\n{commentaire}"}
    page = choose(zoe, "close", references, preview="1", **typed, **shown)
    assert page.status_code == 200
    assert "Jean {Jo}" in text(page)
    assert "prenez l’imprimé {A 12}." in text(page)
    assert operation_of(hall, choose(zoe, "close", references, **typed, **shown)).total == 1
    several = [*references, hall.taken()]
    untouched = {"subject": DEFAULTS[LetterKind.CLOSURE].subject, "body": DEFAULTS[LetterKind.CLOSURE].body}
    assert operation_of(hall, choose(zoe, "close", several, **typed, **untouched, text="own")).total == 2
    faulty = choose(zoe, "close", several, **typed, subject="{Dossier}", body="Bonjour", text="common")
    assert faulty.status_code == 422


def test_without_any_address_no_decision_is_asked(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken(applicant=NO_EMAIL)
    assert "aucun courriel ne partira" in text(choose(zoe, "close", [reference]))
    assert choose(zoe, "close", [reference], confirmed="1", outcome="traitee").status_code == 303


def test_one_template_is_shown_with_its_variables_and_previewed_for_the_first_citizen(hall: Hall, zoe: Browser) -> None:
    references = [hall.taken(applicant=NO_EMAIL), hall.taken()]
    page = choose(zoe, "close", references)
    assert "Bonjour {usager}" in page.text
    assert "1 usager a laissé une adresse électronique ; 1 demande sera clôturée sans courriel" in text(page)
    typed = {"outcome": "refusee", "comment": "Pièce illisible", "subject": "Fin de {reference}"}
    typed |= {"body": "{usager} : {issue}, {commentaire}"}
    shown = choose(zoe, "close", references, confirmed="1", preview="1", **typed)
    assert shown.status_code == 200
    assert f"Fin de {references[1]}" in text(shown)
    assert "Mme Marie-Hélène N’Guyen-Œuvrard : Refusée, Pièce illisible" in text(shown)
    assert "{usager} : {issue}, {commentaire}" in shown.text
    assert ("zoe", "closure") in {(seen.agent, seen.page) for seen in hall.installation.access_log.of(references[1])}


def test_procedures_with_texts_of_their_own_keep_them_unless_one_is_typed_for_all(hall: Hall, zoe: Browser) -> None:
    own = Template("Votre attestation", "{usager}, passez au guichet.")
    definition = Definition("OWN", "Attestation", CIVIL, templates={LetterKind.CLOSURE: own})
    hall.office.directory.define_procedure(hall.command(), definition)
    references = [hall.taken(), hall.taken(procedure="OWN")]
    page = choose(zoe, "close", references)
    assert "Le texte de chaque démarche" in text(page)
    changed = {"subject": "Pour tous", "body": "Bonjour {usager}"}
    fields = CLOSING | {"decision": "send"}
    refused = choose(zoe, "close", references, **fields, **changed, text="own")
    assert refused.status_code == 422
    assert "Vous avez changé le texte" in text(refused)
    untouched = {"subject": DEFAULTS[LetterKind.CLOSURE].subject, "body": DEFAULTS[LetterKind.CLOSURE].body}
    sent: list[dict[str, str]] = [{"text": "own"} | untouched, {"text": "common"} | changed]
    kept = [operation_of(hall, choose(zoe, "close", references, **fields, **one)) for one in sent]
    keys = hall.installation.keyring.keys([one.id for one in kept])
    asked = [opened(keys[one.id], one.id, one.details or b"") for one in kept]
    assert [one.template for one in asked if one] == [None, Template("Pour tous", "Bonjour {usager}")]


def test_five_thousand_ticked_demands_of_which_some_cannot_be_closed(hall: Hall, zoe: Browser) -> None:
    real = [hall.taken() for _ in range(3)] + [hall.received(), hall.closed()]
    unknown = made_up(4_995)
    page = choose(zoe, "close", [*real, *unknown])
    assert page.status_code == 200
    words = text(page)
    assert "Sur 5 000 demandes choisies, 4 997 ne peuvent pas être clôturées" in words.replace("\u202f", " ")
    answer = zoe.post(
        ADDRESS,
        action="close",
        scope="page",
        references=hidden(page.text, "references"),
        comment="é" * 2_000,
        **CLOSING,
    )
    operation = operation_of(hall, answer)
    assert operation.total == 5_000
    assert references_of(hall, operation) == [*real[3:], *unknown, *real[:3]]


def made_up(number: int) -> list[str]:
    """References that are well written and belong to no demand."""

    counted = iter(range(1, 10**9))
    return [new_reference("AEN", lambda _bits: next(counted)) for _ in range(number)]


def test_all_results_of_a_list_are_meant_by_its_criteria(fresh_hall: Hall) -> None:
    hall = fresh_hall
    zoe = hall.browser("zoe")
    mine = [hall.taken() for _ in range(3)]
    hall.taken(by="luc")
    marriage = hall.taken(procedure="AEM")
    page = by_filter(zoe, "close", 3, section="in_progress", procedure="AEN")
    assert "Clôturer 3 demandes" in text(page)
    assert "La liste a changé" not in text(page)
    packed = carried(page, *FILTER, "command_id")
    operation = operation_of(hall, zoe.post(ADDRESS, action="close", scope="filter", **packed, **CLOSING))
    assert sorted(references_of(hall, operation)) == sorted(mine)
    assert marriage not in references_of(hall, operation)
    assert operation.back == "/demandes/en-cours?procedure=AEN"


def test_another_number_than_the_one_shown_is_said_and_confirmed_again(fresh_hall: Hall) -> None:
    hall = fresh_hall
    zoe = hall.browser("zoe")
    hall.taken()
    page = by_filter(zoe, "close", 1, section="in_progress")
    hall.taken()
    shown = by_filter(zoe, "close", 1, section="in_progress")
    assert shown.status_code == 200
    assert "Elle contenait 1 demande quand vous avez choisi ; elle en contient maintenant 2" in text(shown)
    fields = carried(page, *FILTER)
    answer = zoe.post(ADDRESS, action="close", scope="filter", comment="Mot tapé", **fields, **CLOSING)
    assert answer.status_code == 409
    assert "La liste a changé" in text(answer)
    assert "Mot tapé" in answer.text
    assert hall.installation.operations.latest("zoe", 10) == []
    again = zoe.post(ADDRESS, action="close", scope="filter", section="in_progress", expected="2", **CLOSING)
    assert operation_of(hall, again).total == 2


def test_the_same_number_of_other_demands_is_confirmed_again(fresh_hall: Hall) -> None:
    hall = fresh_hall
    zoe = hall.browser("zoe")
    first = hall.taken()
    page = by_filter(zoe, "add_event", 1, section="in_progress")
    with hall.office.demand(first, by=hall.agent("zoe"), command=hall.command("agent:zoe")) as demand:
        demand.put_on_hold("avis_attendu")
    hall.taken()
    fields = carried(page, *FILTER)
    answer = zoe.post(ADDRESS, action="add_event", scope="filter", confirmed="1", **fields)
    assert answer.status_code == 409
    assert "Ce ne sont plus tout à fait les mêmes demandes" in text(answer)


def test_a_search_by_name_may_be_acted_upon_and_no_name_is_kept_in_clear(fresh_hall: Hall) -> None:
    hall = fresh_hall
    hugo = hall.browser("hugo")
    found, _ = hall.taken(), hall.taken(applicant=NO_POST)
    listed = hugo.post("/demandes/service", applicant=MARIE.last_name)
    cherche = re.search(r"cherche=([^&]+)", listed.location)
    assert cherche is not None
    fields = {"section": "service", "cherche": cherche[1], "expected": "1", "event_type": "appel_usager"}
    answer = hugo.post(ADDRESS, action="add_event", scope="filter", confirmed="1", **fields)
    operation = operation_of(hall, answer)
    assert references_of(hall, operation) == [found]
    assert operation.back == "/demandes/service"


@pytest.mark.parametrize("word", [MARIE.last_name, f"  {MARIE.last_name.lower()} ", MARIE.email or ""])
def test_a_name_typed_beside_the_criteria_is_searched_for_as_the_list_does(fresh_hall: Hall, word: str) -> None:
    hall = fresh_hall
    zoe = hall.browser("zoe")
    found, _ = hall.taken(), hall.taken(applicant=NO_POST)
    page = by_filter(zoe, "close", 1, section="service", applicant=word)
    assert "Clôturer 1 demande" in text(page)
    packed = carried(page, *FILTER)
    assert word.strip() not in packed["criteria"]
    operation = operation_of(hall, zoe.post(ADDRESS, action="close", scope="filter", **packed, **CLOSING))
    assert references_of(hall, operation) == [found]
    late = zoe.post(ADDRESS, action="close", scope="filter", **(packed | {"applicant": "Personne"}), **CLOSING)
    assert late.status_code == 422


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"usager": "Dupont"}, "usager"),
        ({"statut": "EN_ATTENTE", "procedure": "AEN"}, "statut"),
        ({"criteria": "applicant=Dupont"}, "applicant"),
        ({"criteria": "procedure=AEN&demarche=AEM"}, "demarche"),
        ({"criteria": "procedure=AEN", "late": "1"}, "late"),
        ({"criteria": "", "agent": "zoe"}, "agent"),
    ],
)
def test_a_criterion_that_would_be_left_out_is_named(zoe: Browser, fields: dict[str, str], named: str) -> None:
    for more in ({}, CLOSING):
        answer = by_filter(zoe, "close", 1, section="service", **fields, **more)
        assert answer.status_code == 422
        assert f"Ces critères ne peuvent pas être lus : « {named} »" in text(answer)


def test_a_criterion_in_the_address_is_not_left_out_either(zoe: Browser) -> None:
    answer = zoe.post(f"{ADDRESS}?procedure=AEN", action="close", scope="filter", section="service", expected="1")
    assert answer.status_code == 422
    assert "« procedure »" in text(answer)


@pytest.mark.parametrize("action", ["close", "reassign", "add_event", "labels"])
def test_every_field_of_the_pages_themselves_is_read(hall: Hall, hugo: Browser, action: str) -> None:
    hall.taken()
    listed = hugo.get("/demandes/service?procedure=AEN&cocher=tout").text.partition('id="selection"')[2]
    names = FIELD.findall(listed.partition("</form>")[0])
    assert {"section", "procedure", "author"} <= set(names)
    sent: dict[str, Any] = {name: hidden(listed, name) for name in names if name not in ("scope", "action")}
    page = by_filter(hugo, action, **({"expected": 1} | sent))
    assert page.status_code == 200
    form = page.text.partition('class="letter-form"')[2].partition("</form>")[0]
    names = FIELD.findall(form)
    assert "criteria" in names
    kept = {name: hidden(form, name) for name in names if f'type="hidden" name="{name}"' in form}
    answer = hugo.post(ADDRESS, **(dict.fromkeys(names, "") | kept))
    assert "ne peuvent pas être lus" not in answer.text


@pytest.mark.parametrize(
    ("section", "back"),
    [
        (None, "service"),
        ("", "service"),
        *((address, address) for address in ("non-traitees", "en-cours", "en-attente", "service")),
        *(("untreated", "non-traitees"), ("in_progress", "en-cours"), ("on_hold", "en-attente")),
    ],
)
def test_a_list_is_meant_by_its_name_or_its_address_and_without_any_the_service_s(
    hall: Hall, zoe: Browser, section: str | None, back: str
) -> None:
    hall.received(), hall.taken(), hall.held()
    named = {} if section is None else {"section": section}
    event = {"confirmed": "1", "event_type": "appel_usager"}
    page = by_filter(zoe, "add_event", 1, **named)
    packed = carried(page, *FILTER)
    operation = operation_of(hall, zoe.post(ADDRESS, action="add_event", scope="filter", **packed, **event))
    assert operation.back == f"/demandes/{back}"


def test_the_address_of_a_confirmation_typed_again_leads_to_the_list(hall: Hall, zoe: Browser) -> None:
    answer = zoe.get(ADDRESS)
    assert (answer.status_code, answer.location) == (303, "/demandes/service")
    assert "Choisissez de nouveau les demandes." in text(zoe.get(answer.location))
    assert hall.browser("noe").get(ADDRESS).status_code == 403


def again(page: TestResponse) -> str | None:
    """The address under which a browser comes back to a confirmation."""
    found = re.search(r'data-again="([^"]+)"', page.text)
    return html.unescape(found[1]) if found else None


@pytest.mark.parametrize("action", ["close", "labels", "reassign", "add_event"])
def test_a_confirmation_has_an_address_that_shows_the_choice_again(hall: Hall, zoe: Browser, action: str) -> None:
    references = [hall.taken(), hall.taken(), hall.received()]
    first = choose(zoe, action, references, section="in_progress", late="1")
    address = again(first)
    assert address is not None
    page = zoe.get(address)
    assert page.status_code == 200
    assert carried(page, "action", "references", "criteria") == carried(first, "action", "references", "criteria")
    assert text(page) == text(first)
    assert again(page) == address
    assert references[0] in address
    assert MARIE.last_name not in address


def test_all_results_are_shown_again_and_a_list_that_changed_says_so(fresh_hall: Hall) -> None:
    hall, zoe = fresh_hall, fresh_hall.browser("zoe")
    hall.taken()
    first = by_filter(zoe, "close", 1, section="in_progress", applicant=MARIE.last_name)
    address = again(first)
    assert address is not None
    assert MARIE.last_name not in address
    assert carried(zoe.get(address), *FILTER) == carried(first, *FILTER)
    hall.taken()
    page = zoe.get(address)
    assert page.status_code == 200
    assert "La liste a changé. Elle contenait 1 demande" in text(page)
    assert operation_of(hall, zoe.post(ADDRESS, action="close", scope="filter", **carried(page, *FILTER), **CLOSING))


def test_what_was_typed_or_is_too_long_stands_in_no_address(hall: Hall, zoe: Browser) -> None:
    references = [hall.taken(), hall.taken()]
    looked_at = choose(zoe, "close", references, preview="1", outcome="traitee", comment="Secret", confirmed="1")
    assert "Aperçu" in text(looked_at)
    faulty = choose(zoe, "close", references, confirmed="1", decision="none", comment="Secret")
    assert faulty.status_code == 422
    long = choose(zoe, "close", made_up(5_000) + references)
    assert "Clôturer 2 demandes" in text(long)
    assert [again(page) for page in (looked_at, faulty, long)] == [None, None, None]
    most = again(choose(zoe, "close", [*references, *made_up(250)]))
    assert most is not None
    assert zoe.get(most).status_code == 200


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ("", 422),
        ("action=erase&scope=page", 422),
        ("action=close", 422),
        ("action=close&scope=page", 422),
        ("action=close&scope=page&references=Dupont", 422),
        ("action=close&scope=filter&section=nowhere", 422),
        ("action=close&scope=filter&section=service&criteria=status%3DPERDUE", 422),
        ("action=close&scope=page&references=AEN%00", 422),
        ("a=b&" * 200, 422),
    ],
)
def test_an_address_that_holds_no_choice_is_refused(zoe: Browser, choice: str, status: int) -> None:
    answer = zoe.get(f"{ADDRESS}?choix={quote(choice)}")
    assert answer.status_code == status
    assert "Dupont" not in answer.text


def test_an_address_confirms_nothing(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken()
    choice = urlencode({"action": "close", "scope": "page", "references": reference, **CLOSING})
    page = zoe.get(f"{ADDRESS}?choix={quote(choice)}&confirmed=1")
    assert page.status_code == 200
    assert "Clôturer 1 demande" in text(page)
    assert hall.demand(reference).status == "EN_COURS_DE_TRAITEMENT"


def test_reassignment_offers_nobody_who_has_them_all(hall: Hall, zoe: Browser, hugo: Browser) -> None:
    hers = [hall.taken(), hall.held()]
    page = choose(zoe, "reassign", hers).text
    assert ('value="zoe"' in page, 'value="luc"' in page) == (False, True)
    assert 'value="zoe"' in choose(hugo, "reassign", [*hers, hall.received()]).text


@pytest.mark.parametrize(("chosen", "said"), [(1, "Sur 1 demande choisie, 1"), (2, "Sur 2 demandes choisies, 2")])
def test_those_left_aside_are_counted_in_good_french(hall: Hall, zoe: Browser, chosen: int, said: str) -> None:
    assert said in text(choose(zoe, "reassign", [hall.taken(by="luc") for _ in range(chosen)]))


def test_reassignment_offers_those_who_may_own_every_demand(hall: Hall, hugo: Browser) -> None:
    birth, marriage = hall.taken(), hall.taken(procedure="AEM")
    assert 'value="eva"' in choose(hugo, "reassign", [birth]).text
    page = choose(hugo, "reassign", [birth, marriage])
    assert 'value="eva"' not in page.text
    assert 'value="luc"' in page.text
    refused = choose(hugo, "reassign", [birth, marriage], confirmed="1", agent="eva", note="Mot tapé")
    assert refused.status_code == 422
    assert "Mot tapé" in refused.text
    assert operation_of(hall, choose(hugo, "reassign", [birth, marriage], confirmed="1", agent="luc")).total == 2


def test_the_criterion_and_the_field_named_agent_are_told_apart(fresh_hall: Hall) -> None:
    hall = fresh_hall
    hugo = hall.browser("hugo")
    of_zoe, _ = hall.taken(), hall.taken(by="luc")
    page = by_filter(hugo, "reassign", 1, section="service", agent="zoe")
    assert "Réattribuer 1 demande" in text(page)
    packed = carried(page, *FILTER)
    answer = hugo.post(ADDRESS, action="reassign", scope="filter", confirmed="1", agent="luc", **packed)
    assert references_of(hall, operation_of(hall, answer)) == [of_zoe]
    both = by_filter(hugo, "reassign", 1, section="service", agent=["zoe", "luc"], confirmed="1")
    assert references_of(hall, operation_of(hall, both)) == [of_zoe]


def test_an_event_needs_a_configured_type(hall: Hall, zoe: Browser) -> None:
    references = [hall.received(), hall.held()]
    assert "Ajouter un événement à 2 demandes" in text(choose(zoe, "add_event", references))
    for wrong in ("", "inconnu"):
        answer = choose(zoe, "add_event", references, confirmed="1", event_type=wrong, comment="Mot tapé")
        assert answer.status_code == 422
        assert "Mot tapé" in answer.text
    assert choose(zoe, "add_event", references, confirmed="1", event_type="appel_usager").status_code == 303


def test_labels_are_a_pdf_of_those_with_a_postal_address(hall: Hall, zoe: Browser) -> None:
    with_one, without = hall.taken(), hall.taken(applicant=NO_POST)
    page = choose(zoe, "labels", [with_one, without])
    words = text(page)
    assert "Générer 1 étiquette" in words
    assert "Pas d’adresse postale" in words
    assert f"/demandes/{without}" in page.text
    assert MARIE.last_name not in page.text
    answer = choose(zoe, "labels", [with_one, without], confirmed="1", format="L7163", start="3")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert [line.text for line in lines(answer.data)] == [
        "Mme Marie-Hélène N’Guyen-Œuvrard",
        "12 rue des Lilas",
        "67000 Strasbourg",
    ]
    assert "labels" in {seen.page for seen in hall.installation.access_log.of(with_one)}
    assert "labels" not in {seen.page for seen in hall.installation.access_log.of(without)}


@pytest.mark.parametrize(("code", "start"), [("L7160", 21), ("L7163", 3), ("L7159", 1), ("L7173", 10)])
def test_labels_bear_each_name_in_the_order_chosen_from_the_first_free_label_on(
    hall: Hall, zoe: Browser, code: str, start: int
) -> None:
    people = [
        Applicant("Nguyễn", "Thị Hồng", civility="Mme", address=Address("3 quai Kléber", "67000", "Strasbourg")),
        Applicant("Đặng", "Łukasz", address=Address("Marktplatz 1", "77694", "Kehl", country="Allemagne")),
        Applicant("Œuvrard", "Zoé", address=Address("5 rue Basse", "67200", "Strasbourg", line2="Bâtiment B")),
    ]
    references = [hall.taken(applicant=person) for person in people]
    order = (2, 0, 1)
    answer = choose(zoe, "labels", [references[n] for n in order], confirmed="1", format=code, start=str(start))
    sheet, found = FORMATS[code], lines(answer.data)
    assert [line.text for line in found] == [text for n in order for text in address_lines(people[n])]
    assert {"Zoé Œuvrard", "Mme Thị Hồng Nguyễn", "Łukasz Đặng", "ALLEMAGNE"} < {line.text for line in found}
    begun = [line for line in found if line.text in ("Zoé Œuvrard", "Mme Thị Hồng Nguyễn", "Łukasz Đặng")]
    places = [line.page * sheet.per_sheet + label_of(line, sheet) for line in begun]
    assert places == [start - 1, start, start + 1]


def test_who_has_no_label_is_told_what_the_address_lacks(hall: Hall, zoe: Browser) -> None:
    without = {
        "Adresse postale sans ville": Address("1 rue Basse", "67000", " "),
        "Adresse postale sans rue ni numéro": Address(" ", "67000", "Strasbourg"),
        "Adresse postale sans rue ni ville": Address(" ", "67000", " "),
        "Pas d’adresse postale": None,
    }
    found = {said: hall.taken(applicant=Applicant("Roux", "Luc", address=one)) for said, one in without.items()}
    words = text(choose(zoe, "labels", list(found.values())))
    for said, reference in found.items():
        assert f"{said} (1) {reference}" in words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": "A4", "start": "1"}, "Choisissez une des valeurs proposées"),
        ({"format": "L7173", "start": "11"}, "Cette planche a 10 étiquettes"),
        ({"format": "L7160", "start": "0"}, "De 1 à 24"),
        ({"format": "L7160", "start": "x"}, "Un nombre entier est attendu"),
    ],
)
def test_a_faulty_sheet_makes_no_labels(hall: Hall, zoe: Browser, fields: dict[str, str], said: str) -> None:
    answer = choose(zoe, "labels", [hall.taken()], confirmed="1", **fields)
    assert answer.status_code == 422
    assert said in text(answer)


def test_labels_show_only_what_the_agent_may_read(hall: Hall, eva: Browser) -> None:
    canteen = hall.taken(by="hugo", procedure="CAN")
    answer = choose(eva, "labels", [canteen])
    assert "Aucune des demandes choisies ne convient" in text(answer)
    refused = choose(eva, "labels", [canteen], confirmed="1", format="L7160", start="1")
    assert refused.status_code == 422


@pytest.mark.parametrize(("number", "status"), [(5_990, 422), (6_001, 413)])
def test_thousands_of_fields_are_read_up_to_the_limit_of_this_address(zoe: Browser, number: int, status: int) -> None:
    answer = choose(zoe, "close", ["x"] * number)
    assert answer.status_code == status


def test_a_preview_begins_nothing_even_when_nobody_left_an_address(hall: Hall, zoe: Browser) -> None:
    reference = hall.taken(applicant=msgspec.structs.replace(MARIE, email=None))
    fields = {"action": "close", "scope": "page", "references": reference, "confirmed": "1", "preview": "1"}
    found = zoe.post("/demandes/selection", **fields, outcome="traitee", decision="none")
    assert found.status_code == 200
    assert "Closed" not in hall.facts(reference)
