"""Letters say what the law wants, on the right day, and never more than was known."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from domain.applicant import Applicant
from domain.definition import Definition
from domain.drafts import DEFAULTS, ROOM, contact_lines, draft, values
from domain.facts import Command
from domain.letters import (
    VARIABLES,
    Letter,
    LetterKind,
    Silence,
    Template,
    braces_in,
    legal_mentions,
    months_later,
    tightened,
)
from domain.townhall import Contact, Settings, Townhall

AEN = Definition("AEN", "Acte de naissance", "État civil")
HOTLINE = Contact(phone="01 02 03 04 05")
COMMAND = Command("system:init", datetime(2027, 1, 1, tzinfo=UTC), "init")


@pytest.fixture
def townhall() -> Townhall:
    """A town with a hotline and a service that has its own address."""
    town = Townhall.found(COMMAND, Settings("Mairie de Bourg", HOTLINE))
    town.set_service("État civil", Contact("1 place Haute", "etat@bourg.fr"))
    town.set_service("Cantine")
    return town


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 2, date(2028, 4, 29)),
        (date(2027, 3, 31), 1, date(2027, 4, 30)),
        (date(2027, 1, 30), 1, date(2027, 2, 28)),
        (date(2027, 1, 15), 2, date(2027, 3, 15)),
        (date(2027, 10, 1), 2, date(2027, 12, 1)),
        (date(2027, 10, 1), 3, date(2028, 1, 1)),
        (date(2027, 11, 30), 24, date(2029, 11, 30)),
    ],
)
def test_months_run_to_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        (Silence("acceptance", 2), ("15/03/2027", "réputée acceptée", "L232-3")),
        (Silence("refusal", 4), ("15/05/2027", "réputée refusée", "recours gracieux", "tribunal administratif")),
        (Silence(None), ("ne vaut ni acceptation ni refus",)),
    ],
)
def test_an_acknowledgement_says_what_silence_means(silence: Silence, words: tuple[str, ...]) -> None:
    mention = legal_mentions(silence, date(2027, 1, 15))
    assert all(word in mention for word in words)


def test_a_procedure_may_name_its_own_ways_of_appeal() -> None:
    mention = legal_mentions(Silence("refusal", 1, "Devant le préfet {d’abord}."), date(2027, 1, 31))
    assert mention == (
        "En l’absence de réponse au plus tard le 28/02/2027, votre demande sera réputée refusée. "
        "Devant le préfet {d’abord}."
    )
    assert "tribunal administratif" not in mention


def test_a_definition_without_an_appeal_is_written_as_it_always_was() -> None:
    assert msgspec.json.encode(Silence("refusal", 4)) == b'{"effect":"refusal","months":4}'


def test_a_template_is_filled_in_one_pass() -> None:
    filled = Template("{reference}", "{commentaire} {usager}").fill(
        {"reference": "R", "commentaire": "{usager}", "usager": "M"}
    )
    assert filled == ("R", "{usager} M\n")


def test_what_is_not_known_becomes_nothing_and_leaves_no_gap() -> None:
    subject, body = Template("A  {issue}\r\nB", "Bonjour\n\n{commentaire}\n\nFin\n\n").fill({})
    assert (subject, body) == ("A B", "Bonjour\n\nFin\n")


def test_the_room_that_a_template_leaves_stays_and_an_empty_line_goes() -> None:
    signed = "Cordialement\n{agent}\n{service}\n{mairie}\n\n{issue}\n\n{commentaire}\n"
    template = Template("A", f"Bonjour,\n\n\n\n\n{signed}")
    assert template.fill({"mairie": "Bourg"})[1] == "Bonjour,\n\n\n\n\nCordialement\nBourg\n"
    assert template.fill({"agent": "Zoé", "commentaire": "Oui"})[1] == "Bonjour,\n\n\n\n\nCordialement\nZoé\n\nOui\n"


def test_a_contact_letter_has_room_to_write_and_a_closing_formula(townhall: Townhall) -> None:
    noon = datetime(2027, 3, 1, 11, tzinfo=UTC)
    known = values("R", AEN, townhall, noon, ZoneInfo("Europe/Paris"), Applicant("Dupont", "Marie"), "Zoé Martin")
    body = draft(AEN, LetterKind.CONTACT, known)[1]
    opening, room, closing = body.partition(ROOM)
    assert room
    assert opening.endswith(":")
    assert "Cordialement,\nZoé Martin\n\nMairie de Bourg\n" in closing


def test_what_is_left_in_braces_is_named_once_in_order() -> None:
    assert braces_in("{usager} { Date de RDV } {usager} {}, {\n} et }{") == [
        *("{usager}", "{ Date de RDV }", "{}", "{ }"),
    ]


def test_a_letter_is_tightened_to_one_blank_line() -> None:
    assert tightened("\n\nA\nB\n\nC\n \n\t\nD\n\n") == "A\nB\n\nC\n\nD"


NO_BREAK_MISSING = re.compile("« | »| [:;?!]")


@pytest.mark.parametrize("kind", LetterKind)
def test_no_line_of_a_letter_ends_before_its_punctuation(kind: LetterKind) -> None:
    assert not NO_BREAK_MISSING.search(DEFAULTS[kind].subject + DEFAULTS[kind].body)


def test_unknown_variables_are_named_in_order() -> None:
    assert Template("{b} {reference}", "{a} {b}").unknown_variables() == ["a", "b"]


@pytest.mark.parametrize("kind", LetterKind)
def test_the_letters_that_come_with_suivi_use_known_variables(kind: LetterKind) -> None:
    assert not DEFAULTS[kind].unknown_variables()


def test_a_procedure_may_have_its_own_letter() -> None:
    own = Definition("AEN", "Acte", "État civil", templates={"closure": Template("Fini {reference}", "{issue}")})
    assert draft(own, LetterKind.CLOSURE, {"reference": "R", "issue": "traitée"}) == ("Fini R", "traitée\n")
    assert draft(own, LetterKind.CONTACT, {"reference": "R"})[0] == "Votre demande R"


def test_the_day_of_reception_is_the_day_in_town(townhall: Townhall) -> None:
    late = datetime(2027, 6, 30, 22, 30, tzinfo=UTC)
    filled = values(
        "R", AEN, townhall, late, ZoneInfo("Europe/Paris"), Applicant("Dupont", "Marie", "Mme"), "Camille M."
    )
    assert (filled["date_reception"], filled["usager"], filled["agent"]) == (
        "01/07/2027",
        "Mme Marie Dupont",
        "Camille M.",
    )
    assert "01/09/2027" in filled["mentions_legales"]
    assert filled.keys() <= VARIABLES.keys()
    assert VARIABLES.keys() - filled.keys() == {"issue", "commentaire"}


def test_a_service_without_a_contact_shows_the_hotline(townhall: Townhall) -> None:
    assert contact_lines(townhall, "État civil") == "1 place Haute\netat@bourg.fr"
    assert contact_lines(townhall, "Cantine") == "Téléphone : 01 02 03 04 05"
    assert contact_lines(townhall, "inconnu") == "Téléphone : 01 02 03 04 05"


def test_the_acknowledgement_reads_well(townhall: Townhall) -> None:
    noon = datetime(2027, 3, 1, 11, tzinfo=UTC)
    known = values("AEN-1", AEN, townhall, noon, ZoneInfo("Europe/Paris"), Applicant("Dupont", "Marie"))
    subject, body = draft(AEN, LetterKind.ACKNOWLEDGEMENT, known)
    assert subject == "Accusé de réception de votre demande AEN-1"
    assert body.startswith("Bonjour Marie Dupont,\n\nVotre demande « Acte de naissance », reçue le 01/03/2027")
    assert body.endswith("Mairie de Bourg\nÉtat civil\n1 place Haute\netat@bourg.fr\n")


def test_only_a_contact_letter_may_be_repeated() -> None:
    assert [kind for kind in LetterKind if not kind.decided_once] == [LetterKind.CONTACT]


def test_a_letter_shows_nothing_of_itself() -> None:
    assert repr(Letter("marie@exemple.fr", "Sujet", "Corps")) == "Letter()"
