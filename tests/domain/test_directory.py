"""The directory: agents, procedures and settings, as the last fact left them."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from domain.agent import Agent
from domain.definition import Definition
from domain.directory import Directory
from domain.errors import (
    AlreadyExists,
    ChangedSince,
    Invalid,
    UnknownAgent,
    UnknownCode,
    UnknownProcedure,
    UnknownService,
)
from domain.facts import Command
from domain.rights import Rights, Role
from domain.townhall import Contact, Settings, Term, Townhall, is_clear_code
from tests.domain.town import AEN, PEOPLE, Town
from tests.fakes import MemoryHistory

AGENT = Rights(frozenset({Role.AGENT}), frozenset({"État civil"}))


def names(town: Town) -> list[str]:
    """Everything that was recorded, by name."""
    return [fact.name for fact in town.history.recorded]


def test_a_town_is_founded_once(town: Town) -> None:
    before = len(town.history.recorded)
    town.office.directory.found(town.command("system:init"), Settings("Autre"))
    assert len(town.history.recorded) == before
    assert town.office.directory.townhall().settings.name == "Mairie de Bourg"


def test_before_its_foundation_the_town_has_no_services() -> None:
    directory = Directory(MemoryHistory(), lambda: None)
    command = Command("system:init", datetime(2027, 1, 1, tzinfo=UTC), "x")
    assert directory.townhall().services == {}
    with pytest.raises(UnknownService):
        directory.set_service(command, "État civil", Contact())


# Agents


def test_an_agent_joins_with_rights(town: Town) -> None:
    agent = town.agent("camille")
    assert (agent.code, agent.name, agent.active, agent.rights) == ("camille", "Camille", True, PEOPLE["camille"])


def test_an_imported_agent_is_inactive(town: Town) -> None:
    town.office.directory.register_agent(
        town.command("api:import"), "resource21", "R 21", Rights(frozenset()), active=False
    )
    assert not town.agent("resource21").active


def test_a_code_is_given_once_even_to_an_agent_who_left(town: Town) -> None:
    town.office.directory.activate_agent(town.command("system:x"), "camille", active=False)
    with pytest.raises(AlreadyExists):
        town.office.directory.register_agent(town.command("system:x"), "camille", "Autre", AGENT)


@pytest.mark.parametrize("code", ["", "a b", "é", "-a", "a" * 41, "a\n"])
def test_an_impossible_code_is_refused(town: Town, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        town.office.directory.register_agent(town.command("system:x"), code, "Nom", AGENT)
    assert list(caught.value.errors) == ["code"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\0b"])
def test_an_impossible_name_is_refused(town: Town, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        town.office.directory.register_agent(town.command("system:x"), "new", name, AGENT)
    assert list(caught.value.errors) == ["name"]


@pytest.mark.parametrize(
    ("rights", "error"),
    [
        (Rights(frozenset({Role.AGENT}), frozenset({"Piscine"})), UnknownService),
        (Rights(frozenset({Role.AGENT}), frozenset(), frozenset({"NOPE"})), UnknownProcedure),
    ],
)
def test_rights_name_what_exists(town: Town, rights: Rights, error: type[Exception]) -> None:
    with pytest.raises(error):
        town.office.directory.register_agent(town.command("system:x"), "new", "Nouveau", rights)
    with pytest.raises(error):
        town.office.directory.change_rights(town.command("system:x"), "camille", rights)


def test_an_unknown_service_is_answered_by_those_that_exist(town: Town) -> None:
    with pytest.raises(UnknownService) as caught:
        town.office.directory.change_rights(
            town.command("system:x"), "camille", Rights(frozenset(), frozenset({"Piscine"}))
        )
    assert caught.value.known == ["Écoles", "État civil"]


def test_rights_change_and_the_same_again_change_nothing(town: Town) -> None:
    town.office.directory.change_rights(town.command("system:x"), "camille", PEOPLE["alix"])
    town.office.directory.change_rights(town.command("system:x"), "camille", PEOPLE["alix"])
    assert town.agent("camille").rights == PEOPLE["alix"]
    assert names(town).count("RightsChanged") == 1


def test_an_agent_leaves_and_comes_back(town: Town) -> None:
    for active in (False, False, True, True):
        town.office.directory.activate_agent(town.command("system:x"), "camille", active=active)
        assert town.agent("camille").active is active
    assert names(town)[-2:] == ["Deactivated", "Activated"]


@pytest.mark.parametrize("code", ["nobody", "", "Camille"])
def test_nobody_is_unknown(town: Town, code: str) -> None:
    with pytest.raises(UnknownAgent):
        town.agent(code)
    with pytest.raises(UnknownAgent):
        town.office.directory.activate_agent(town.command("system:x"), code, active=True)


# Procedures


def test_a_procedure_is_defined_then_revised(town: Town) -> None:
    directory, revised = town.office.directory, msgspec.structs.replace(AEN, take_delay_days=5)
    assert directory.define_procedure(town.command("system:x"), Definition("NEW", "Neuve", "Piscine")) is True
    assert directory.define_procedure(town.command("system:x"), revised) is False
    assert directory.define_procedure(town.command("system:x"), revised) is False
    assert directory.definition("AEN").take_delay_days == 5
    assert directory.procedure("AEN").form_version == 2
    assert "Piscine" in directory.townhall().services


def test_a_faulty_procedure_leaves_no_trace_not_even_its_service(town: Town) -> None:
    before = len(town.history.recorded)
    with pytest.raises(Invalid):
        town.office.directory.define_procedure(town.command("system:x"), Definition("nope", "Titre", "Piscine"))
    assert len(town.history.recorded) == before


def test_a_procedure_nobody_defined_is_unknown(town: Town) -> None:
    with pytest.raises(UnknownProcedure) as caught:
        town.office.directory.definition("NOPE")
    assert caught.value.name == "NOPE"


# The town


def test_a_service_keeps_its_contact_when_a_procedure_names_it_again(town: Town) -> None:
    contact = Contact(email="etat@bourg.fr")
    town.office.directory.set_service(town.command("system:x"), "État civil", contact)
    town.office.directory.define_procedure(town.command("system:x"), msgspec.structs.replace(AEN, title="Autre"))
    assert town.office.directory.townhall().services["État civil"] == contact


@pytest.mark.parametrize("service", ["", "  ", "x" * 101, "a\nb"])
def test_a_service_has_a_name(town: Town, service: str) -> None:
    with pytest.raises(Invalid):
        town.office.directory.set_service(town.command("system:x"), service, Contact())


def test_settings_change_and_the_same_again_change_nothing(town: Town) -> None:
    for _ in range(2):
        with town.office.directory.change_townhall(town.command("system:x")) as townhall:
            townhall.change_settings(Settings("Mairie de Ville"))
    assert town.office.directory.townhall().settings.name == "Mairie de Ville"
    assert names(town).count("SettingsChanged") == 1


def test_several_changes_are_one_save(town: Town) -> None:
    saves = town.saves
    with town.office.directory.change_townhall(town.command("system:x")) as townhall:
        townhall.set_service("Piscine")
        townhall.add_terms("reason", [Term("autre", "Autre")])
    assert town.saves == saves + 1
    assert names(town)[-2:] == ["ServiceSet", "TermsAdded"]


def test_only_new_terms_are_recorded_and_labels_may_change(town: Town) -> None:
    with town.office.directory.change_townhall(town.command("system:x")) as townhall:
        townhall.add_terms("reason", [Term("piece_demandee", "Piece_demandee")])
        assert not townhall.pending_events
        townhall.add_terms("reason", [Term("piece_demandee", "Pièce demandée")])
    assert town.office.directory.townhall().vocabularies["reason"] == {"piece_demandee": "Pièce demandée"}


@pytest.mark.parametrize(
    ("code", "clear"),
    [
        ("piece_demandee", True),
        ("T02 Check confirmation of receipt", True),
        ("12345", True),
        ("", False),
        (" ", False),
        ("x" * 81, False),
        ("marie@exemple.fr", False),
        ("appel au 0600000000", False),
        ("a\nb", False),
    ],
)
def test_a_code_kept_in_clear_for_ever_hides_nobody(town: Town, code: str, *, clear: bool) -> None:
    assert is_clear_code(code) is clear
    with town.office.directory.change_townhall(town.command("system:x")) as townhall:
        if clear:
            townhall.add_terms("reason", [Term(code, "Libellé")])
        else:
            with pytest.raises(Invalid):
                townhall.add_terms("reason", [Term(code, "Libellé")])


def test_a_label_kept_in_clear_for_ever_hides_nobody(town: Town) -> None:
    with town.office.directory.change_townhall(town.command("system:x")) as townhall, pytest.raises(Invalid):
        townhall.add_terms("reason", [Term("appel", "Rappeler marie@exemple.fr")])


def test_a_withdrawn_term_is_chosen_no_more_and_keeps_its_label(town: Town) -> None:
    directory = town.office.directory
    with directory.change_townhall(town.command("agent:ada")) as townhall:
        townhall.add_terms("outcome", [Term("sans_suite", "Sans suite")])
        townhall.withdraw_term("outcome", "sans_suite")
        townhall.withdraw_term("outcome", "sans_suite")
    townhall = directory.townhall()
    assert names(town).count("TermWithdrawn") == 1
    assert (townhall.offered("outcome"), townhall.vocabularies["outcome"]["sans_suite"]) == (
        {"traitee": "Traitee"},
        "Sans suite",
    )
    with pytest.raises(UnknownCode):
        townhall.require("outcome", "sans_suite")
    with directory.change_townhall(town.command("agent:ada")) as townhall:
        townhall.add_terms("outcome", [Term("sans_suite", "Sans suite")])
    assert directory.townhall().require("outcome", "sans_suite") == "sans_suite"


def test_the_last_term_of_its_kind_stays(town: Town) -> None:
    with town.office.directory.change_townhall(town.command("agent:ada")) as townhall:
        with pytest.raises(Invalid):
            townhall.withdraw_term("outcome", "traitee")
        with pytest.raises(UnknownCode):
            townhall.withdraw_term("outcome", "perdue")


def test_a_term_of_former_times_is_named_and_not_offered_unless_it_is_the_only_one(town: Town) -> None:
    directory = town.office.directory
    with directory.change_townhall(town.command("system:x")) as townhall:
        for code in ("classee", "classee", "traitee"):
            townhall.remember_term("outcome", Term(code, code))
    townhall = directory.townhall()
    assert list(townhall.offered("outcome")) == ["traitee"]
    assert townhall.vocabularies["outcome"] == {"traitee": "Traitee", "classee": "classee"}
    empty = Townhall.found(town.command("system:y"), townhall.settings)
    for code in ("stop indication", "second"):
        empty.remember_term("reason", Term(code, code))
    assert (list(empty.offered("reason")), len(empty.vocabularies["reason"])) == (["stop indication"], 2)


@pytest.mark.parametrize(
    ("contact", "complete"),
    [
        (Contact("1 place de la Mairie", phone="03 88 00 00 00"), True),
        (Contact(email="accueil@exemple.fr", phone="03 88 00 00 00"), True),
        (Contact("1 place de la Mairie", "accueil@exemple.fr"), False),
        (Contact(phone="03 88 00 00 00", fax="03 88 00 00 01"), False),
        (Contact(), False),
    ],
)
def test_a_contact_is_complete_with_an_address_and_a_telephone(contact: Contact, *, complete: bool) -> None:
    assert contact.complete is complete


def test_a_term_the_town_does_not_offer_is_unknown(town: Town) -> None:
    assert town.office.directory.townhall().require("outcome", "traitee") == "traitee"
    with pytest.raises(UnknownCode) as caught:
        town.office.directory.townhall().require("outcome", "piece_demandee")
    assert caught.value.known == ["traitee"]


# Reading


def test_a_reader_sees_what_another_office_recorded(town: Town) -> None:
    other = Directory(town.history, lambda: None)
    assert other.agent("camille").active
    town.office.directory.activate_agent(town.command("system:x"), "camille", active=False)
    assert not other.agent("camille").active
    assert other.agent("camille").version == 2


def test_reading_never_leaves_a_change_behind(town: Town) -> None:
    read = town.agent("camille")
    change = town.office.directory.change_townhall(town.command("system:x"))
    with pytest.raises(ZeroDivisionError), change as townhall:  # noqa: PT012 — the block is what fails
        townhall.set_service("Piscine")
        raise ZeroDivisionError
    assert "Piscine" not in town.office.directory.townhall().services
    assert not read.pending_events


def test_nothing_is_saved_over_what_was_not_seen(town: Town) -> None:
    directory = town.office.directory
    seen = directory.procedure("AEN").version
    directory.revise_procedure(town.command("agent:dominique"), replace(AEN, take_delay_days=3), seen)
    with pytest.raises(ChangedSince) as caught:
        directory.revise_procedure(town.command("agent:dominique"), replace(AEN, close_delay_days=9), seen)
    assert (caught.value.by, caught.value.what) == ("agent:dominique", ("take_delay_days",))
    assert directory.definition("AEN") == replace(AEN, take_delay_days=3)


def test_what_was_changed_and_put_back_hinders_nobody(town: Town) -> None:
    directory = town.office.directory
    seen = directory.townhall().version
    for name in ("Autre", "Mairie de Bourg"):
        with directory.change_townhall(town.command("agent:dominique")) as townhall:
            townhall.change_settings(replace(townhall.settings, name=name))
    directory.change_settings(town.command("agent:alix"), lambda now: replace(now, soon_late_days=9), seen)
    assert directory.townhall().settings == Settings("Mairie de Bourg", soon_late_days=9)


def test_the_contact_of_one_service_is_not_saved_over_another_look_at_it(town: Town) -> None:
    directory = town.office.directory
    seen = directory.townhall().version
    directory.set_service(town.command("system:x"), "Piscine", Contact())
    directory.change_contact(town.command("agent:ada"), "État civil", lambda now: replace(now, phone="1"), seen)
    with pytest.raises(ChangedSince) as caught:
        directory.change_contact(town.command("agent:bob"), "État civil", lambda now: replace(now, phone="2"), seen)
    assert (caught.value.by, caught.value.what) == ("agent:ada", ("phone",))
    assert directory.townhall().services["État civil"] == Contact(phone="1")
    with pytest.raises(UnknownService):
        directory.change_contact(town.command("agent:ada"), "Patinoire", lambda now: now, seen)


def test_a_label_is_not_saved_over_another_look_at_it(town: Town) -> None:
    directory = town.office.directory
    seen = directory.townhall().version

    def rename(by: str, code: str, label: str) -> None:
        directory.change_term(
            town.command(by), "reason", code, lambda now: now.add_terms("reason", [Term(code, label)]), seen
        )

    rename("agent:ada", "piece_demandee", "Pièce demandée")
    rename("agent:bob", "autre", "Autre motif")
    with pytest.raises(ChangedSince) as caught:
        rename("agent:bob", "piece_demandee", "Document demandé")
    assert (caught.value.by, caught.value.what) == ("agent:ada", ("term",))
    with pytest.raises(ChangedSince):
        directory.change_term(
            town.command("agent:bob"), "reason", "autre", lambda now: now.withdraw_term("reason", "autre"), seen
        )


def test_a_version_that_never_was_is_taken_for_the_oldest(town: Town) -> None:
    with pytest.raises(ChangedSince):
        town.office.directory.change_settings(town.command("agent:alix"), lambda now: now, 0)
    with pytest.raises(UnknownProcedure):
        town.office.directory.revise_procedure(town.command("agent:alix"), replace(AEN, code="ZZZ"), 1)


def test_an_agent_is_not_a_procedure_of_the_same_code(town: Town) -> None:
    town.office.directory.register_agent(town.command("system:x"), "AEN", "Anne", AGENT)
    assert isinstance(town.agent("AEN"), Agent)
    assert town.office.directory.definition("AEN") == AEN
