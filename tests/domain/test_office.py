"""The office: who may lay hands on a demand, what is recorded, and what is gone after the end."""

from typing import Any

import msgspec
import pytest

from domain.applicant import Applicant
from domain.demand import Demand
from domain.dossier import shown
from domain.errors import (
    AlreadyDecided,
    Erased,
    Invalid,
    MiscopiedReference,
    NoAddress,
    NotAllowed,
    NotAllowedNow,
    OutOfDate,
    UnknownCode,
    UnknownDemand,
)
from domain.facts import Command
from domain.letters import Letter, LetterKind
from domain.references import demand_id
from domain.status import Status
from tests.domain.town import MARIE, NOON, Town

SILENT = Applicant("Martin", "Ali", phone="0600000000")
ACTIONS: dict[str, tuple[Any, ...]] = {
    "take_in_charge": (),
    "put_on_hold": ("piece_demandee", "il manque un papier"),
    "resume": (),
    "reassign": ("sacha", "à toi"),
    "add_event": ("appel", "a rappelé"),
    "send_mail": (LetterKind.CONTACT, "Sujet", "Corps"),
    "decline_mail": (LetterKind.ACKNOWLEDGEMENT,),
    "close": ("traitee", "fini", ("Sujet", "Corps")),
}
WRONGLY_TYPED = dict.fromkeys(("put_on_hold", "reassign", "add_event", "close"), ("unknown", "x"))


# Rights


def test_outside_services_and_procedures_a_demand_does_not_exist(town: Town) -> None:
    reference = town.receive().reference
    with pytest.raises(UnknownDemand), town.hands("dominique", reference):
        pytest.fail("the block must not run")
    with pytest.raises(UnknownDemand):
        town.dossier(reference, "dominique")


def test_a_demand_of_another_service_does_not_exist(town: Town) -> None:
    canteen = town.receive(procedure="CAN").reference
    with pytest.raises(UnknownDemand), town.hands("camille", canteen):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("code", ["robin", "alix"])
def test_who_sees_without_the_right_to_process_is_not_allowed(town: Town, code: str) -> None:
    reference = town.receive().reference
    with pytest.raises(NotAllowed) as caught, town.hands(code, reference):
        pytest.fail("the block must not run")
    assert (caught.value.right, caught.value.reference) == ("process", reference)


def test_a_right_on_a_procedure_is_enough_without_its_service(town: Town) -> None:
    reference = town.receive().reference
    with town.hands("noa", reference) as demand:
        demand.take_in_charge()
    assert town.demand(reference).owner == "noa"


def test_an_agent_who_left_may_neither_act_nor_reassign_nor_read(town: Town) -> None:
    reference = town.taken()
    town.office.directory.activate_agent(town.command("agent:dominique"), "camille", active=False)
    with pytest.raises(NotAllowed), town.hands("camille", reference):
        pytest.fail("the block must not run")
    with (
        pytest.raises(NotAllowed),
        town.office.reassignment(reference, by=town.agent("camille"), command=town.command("agent:camille")),
    ):
        pytest.fail("the block must not run")
    assert town.dossier(reference).applicant is None


@pytest.mark.parametrize(("code", "error"), [("alix", NotAllowed), ("dominique", UnknownDemand)])
def test_who_does_not_oversee_the_service_cannot_reassign(town: Town, code: str, error: type[Exception]) -> None:
    reference, command = town.receive().reference, town.command(f"agent:{code}")
    with pytest.raises(error), town.office.reassignment(reference, by=town.agent(code), command=command):
        pytest.fail("the block must not run")


def test_who_oversees_the_service_reassigns_what_he_may_not_process(town: Town) -> None:
    reference, command = town.receive().reference, town.command("agent:robin")
    with town.office.reassignment(reference, by=town.agent("robin"), command=command) as demand:
        demand.reassign("camille", "pour toi")
    assert town.demand(reference).owner == "camille"
    assert town.dossier(reference).opened(town.facts(reference)[-1], "note") == "pour toi"


def test_rights_are_read_at_each_command(town: Town) -> None:
    reference = town.receive().reference
    town.office.directory.change_rights(town.command("agent:dominique"), "camille", town.agent("alix").rights)
    with pytest.raises(NotAllowed), town.hands("camille", reference):
        pytest.fail("the block must not run")


def test_a_reference_is_forgiven_or_said_to_be_mistyped(town: Town) -> None:
    reference = town.receive().reference
    with town.hands("camille", reference.lower().replace("-", "")) as demand:
        demand.take_in_charge()
    wrong = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    with pytest.raises(MiscopiedReference), town.hands("camille", wrong):
        pytest.fail("the block must not run")


def test_a_reference_nobody_received_is_unknown(town: Town) -> None:
    with pytest.raises(UnknownDemand), town.hands("camille", "AEN-7QK3-M2XD-H5T1"):
        pytest.fail("the block must not run")
    with pytest.raises(UnknownDemand), town.office.demand_of_job(demand_id("nothing"), town.command("system:mail")):
        pytest.fail("the block must not run")


# Actions


def test_a_life_is_recorded_fact_by_fact(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.send_mail(LetterKind.ACKNOWLEDGEMENT, "Accusé", "Bonjour")
    with town.hands("sacha", reference) as demand:
        demand.put_on_hold("piece_demandee", "il manque un papier")
    with town.hands("sacha", reference) as demand:
        demand.add_event("appel", "a rappelé")
    with town.hands("camille", reference) as demand:
        demand.resume()
    with town.hands("camille", reference) as demand:
        demand.close("traitee", "fini", ("Close", "Au revoir"))
    assert town.names(reference) == [
        "Submitted",
        "MailRequested",
        "TakenInCharge",
        "MailRequested",
        "PutOnHold",
        "EventAdded",
        "Resumed",
        "Closed",
        "MailRequested",
        "PersonalDataErased",
    ]
    assert town.demand(reference).status is Status.CLOSED


@pytest.mark.parametrize("action", ACTIONS)
def test_status_is_judged_before_anything_else(town: Town, action: str) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.close("traitee")
    with pytest.raises(NotAllowedNow), town.hands("camille", reference) as demand:
        getattr(demand, action)(*WRONGLY_TYPED.get(action, ACTIONS[action]))


@pytest.mark.parametrize(
    ("action", "arguments", "error"),
    [
        ("put_on_hold", ("holidays",), UnknownCode),
        ("add_event", ("lunch",), UnknownCode),
        ("close", ("whatever",), UnknownCode),
        ("reassign", ("nobody",), Invalid),
        ("reassign", ("robin",), Invalid),
    ],
)
def test_what_the_town_did_not_configure_is_refused(
    town: Town, action: str, arguments: tuple[str, ...], error: type[Exception]
) -> None:
    reference = town.taken()
    before = town.names(reference)
    with pytest.raises(error), town.hands("camille", reference) as demand:
        getattr(demand, action)(*arguments)
    assert town.names(reference) == before


def test_no_demand_is_given_to_an_agent_who_left(town: Town) -> None:
    reference = town.taken()
    town.office.directory.activate_agent(town.command("agent:dominique"), "sacha", active=False)
    with pytest.raises(Invalid), town.hands("camille", reference) as demand:
        demand.reassign("sacha")


def test_nothing_is_recorded_when_the_block_fails(town: Town) -> None:
    reference, saves = town.receive().reference, town.saves
    with pytest.raises(ZeroDivisionError), town.hands("camille", reference) as demand:  # noqa: PT012 — it fails late
        demand.take_in_charge()
        raise ZeroDivisionError
    assert town.names(reference) == ["Submitted", "MailRequested"]
    assert town.saves == saves


def test_each_save_is_announced_once_and_no_save_is_not(town: Town) -> None:
    reference, saves = town.taken(), town.saves
    with town.hands("camille", reference) as demand:
        demand.add_event("appel")
        demand.put_on_hold("piece_demandee")
    with town.hands("camille", reference):
        pass
    assert town.saves == saves + 1


def test_personal_text_is_sealed_and_an_empty_one_is_nothing(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.put_on_hold("piece_demandee", "le livret de Marie")
    with town.hands("camille", reference) as demand:
        demand.add_event("appel", "")
    held, added = town.facts(reference)[-2:]
    assert town.dossier(reference).opened(held, "detail") == "le livret de Marie"
    assert getattr(added, "comment") is None  # noqa: B009 — a field of one kind of fact
    assert town.dossier(reference).opened(added, "comment") is None


def test_two_actions_in_one_hand_seal_each_value_at_its_own_place(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.add_event("appel", "premier")
        demand.add_event("appel", "second")
    dossier = town.dossier(reference)
    assert [dossier.opened(fact, "comment") for fact in dossier.facts[-2:]] == ["premier", "second"]


# Letters


def test_a_letter_is_kept_in_the_history_and_under_its_own_key_in_the_outbox(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.send_mail(LetterKind.ACKNOWLEDGEMENT, "Accusé", "Bonjour")
    wanted = Letter("marie@exemple.fr", "Accusé", "Bonjour")
    assert town.dossier(reference).letter(town.facts(reference)[-1]) == wanted
    assert town.letters(reference, "acknowledgement") == [wanted]


def test_a_closing_letter_has_no_copy_and_outlives_the_demands_key(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.close("traitee", None, ("Close", "Au revoir"))
    requested = next(fact for fact in town.facts(reference) if shown(fact).get("kind") == "closure")
    assert isinstance(requested, Demand.MailRequested)
    assert requested.letter is None
    assert town.letters(reference, "closure") == [Letter("marie@exemple.fr", "Close", "Au revoir")]


def test_closing_without_a_letter_says_so(town: Town) -> None:
    with_address, without = town.taken(), town.taken(SILENT)
    for reference, why in ((with_address, "declined"), (without, "no_address")):
        with town.hands("camille", reference) as demand:
            demand.close("traitee")
        declined = town.facts(reference)[-2]
        assert shown(declined) == {"kind": "closure", "mail_id": None, "why": why}


def test_no_letter_leaves_without_an_address(town: Town) -> None:
    reference = town.taken(SILENT)
    with pytest.raises(NoAddress), town.hands("camille", reference) as demand:
        demand.send_mail(LetterKind.CONTACT, "Sujet", "Corps")
    with pytest.raises(NoAddress), town.hands("camille", reference) as demand:
        demand.close("traitee", None, ("Sujet", "Corps"))
    assert town.demand(reference).status is Status.IN_PROGRESS
    assert not town.history.letters


def test_a_second_acknowledgement_is_refused(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference) as demand:
        demand.decline_mail(LetterKind.ACKNOWLEDGEMENT)
    with pytest.raises(AlreadyDecided), town.hands("camille", reference) as demand:
        demand.send_mail(LetterKind.ACKNOWLEDGEMENT, "Accusé", "Bonjour")
    assert not town.letters(reference, "acknowledgement")


def test_a_draft_knows_the_demand(town: Town) -> None:
    reference = town.taken()
    subject, body = town.office.draft(town.dossier(reference), LetterKind.CLOSURE, "Camille", {"issue": "traitée"})
    assert subject == f"Votre demande {reference} est traitée"
    assert body.startswith("Bonjour Mme Marie Dupont,")
    assert "est close\N{NO-BREAK SPACE}: traitée." in body


# The end


def finished(town: Town, how: str) -> str:
    """A demand full of personal values, then closed or expired."""
    reference = town.receive().reference
    with town.hands("camille", reference) as demand:
        demand.reassign("sacha", "pour Marie")
        demand.add_event("appel", "Marie a rappelé")
    if how == "closed":
        with town.hands("camille", reference) as demand:
            demand.take_in_charge()
            demand.close("traitee", "Marie est contente", ("Close", "Au revoir"))
    else:
        with town.machine(reference, "expiry") as demand:
            demand.expire("never_taken", NOON)
    return reference


@pytest.mark.parametrize("how", ["closed", "expired"])
def test_after_the_end_nothing_sealed_opens(town: Town, how: str) -> None:
    reference = finished(town, how)
    dossier = town.dossier(reference)
    assert dossier.applicant is None
    assert dossier.answers is None
    assert [dossier.opened(fact, field) for fact in dossier.facts for field in fact.seals] == [None] * sum(
        len(fact.seals) for fact in dossier.facts
    )
    assert town.keyring.stored[demand_id(reference)] is None
    with pytest.raises(Erased):
        town.keyring.mint([demand_id(reference)], "demand", NOON)


@pytest.mark.parametrize(
    ("how", "reason", "categories"),
    [
        ("closed", "closure", {"answers": 1, "applicant": 1, "comments": 3, "mail": 1}),
        ("expired", "expiry", {"answers": 1, "applicant": 1, "comments": 2, "mail": 1}),
    ],
)
def test_erasure_says_what_went_in_the_same_save(town: Town, how: str, reason: str, categories: dict[str, int]) -> None:
    facts = town.facts(finished(town, how))
    end = next(fact for fact in facts if fact.name in ("Closed", "Expired"))
    erased = facts[-1]
    assert shown(erased) == {"reason": reason, "categories": categories}
    assert (erased.timestamp, erased.command_id) == (end.timestamp, end.command_id)


def test_what_must_remain_remains(town: Town) -> None:
    reference = finished(town, "closed")
    demand = town.demand(reference)
    assert (demand.reference, demand.procedure, demand.service, demand.owner, demand.outcome) == (
        reference,
        "AEN",
        "État civil",
        "camille",
        "traitee",
    )
    assert [fact.agent for fact in town.facts(reference)][2:5] == ["camille", "camille", "camille"]


def test_the_mail_server_may_answer_after_the_end(town: Town) -> None:
    reference = finished(town, "closed")
    mail = next(iter(town.history.letters))
    with town.machine(reference) as demand:
        demand.mail_sent("closure", mail)
    with town.machine(reference) as demand:
        demand.mail_failed("closure", mail, "rejected", 550, "5.1.1")
    assert town.names(reference)[-2:] == ["MailSent", "MailFailed"]


# Repetition


@pytest.mark.parametrize("action", ACTIONS)
def test_a_command_repeated_changes_nothing_whatever_happened_since(town: Town, action: str) -> None:
    reference = town.receive().reference if action == "take_in_charge" else town.taken()
    if action == "resume":
        with town.hands("camille", reference) as demand:
            demand.put_on_hold("piece_demandee")
    with town.hands("camille", reference, "click") as demand:
        getattr(demand, action)(*ACTIONS[action])
    facts, letters = town.facts(reference), dict(town.history.letters)
    with town.hands("camille", reference, "click", version=1) as demand:
        getattr(demand, action)(*ACTIONS[action])
    assert town.facts(reference) == facts
    assert town.history.letters == letters


def test_a_command_repeated_after_its_agent_closed_the_demand_changes_nothing(town: Town) -> None:
    reference = town.taken()
    with town.hands("camille", reference, "click") as demand:
        demand.put_on_hold("piece_demandee", "un papier")
    with town.hands("camille", reference) as demand:
        demand.resume()
        demand.close("traitee")
    facts = town.facts(reference)
    with town.hands("camille", reference, "click") as demand:
        demand.put_on_hold("piece_demandee", "un papier")
    assert town.facts(reference) == facts


# Stale pages


def test_a_page_is_stale_when_another_agent_acted_since(town: Town) -> None:
    reference = town.taken()
    seen = town.demand(reference).version
    with town.hands("sacha", reference) as demand:
        demand.add_event("appel")
    with pytest.raises(OutOfDate) as caught, town.hands("camille", reference, version=seen) as demand:
        demand.put_on_hold("piece_demandee")
    assert type(caught.value) is OutOfDate
    assert (caught.value.by, caught.value.owner) == ("sacha", "camille")


def test_a_page_is_not_stale_after_ones_own_or_a_machines_facts(town: Town) -> None:
    reference = town.taken()
    seen = town.demand(reference).version
    with town.hands("camille", reference) as demand:
        demand.add_event("appel")
    with town.machine(reference) as demand:
        demand.mail_sent("contact", demand_id("x"))
    with town.hands("camille", reference, version=seen) as demand:
        demand.put_on_hold("piece_demandee")
    assert town.demand(reference).status is Status.ON_HOLD


def test_a_stale_reassignment_is_refused_as_well(town: Town) -> None:
    reference = town.taken()
    with town.hands("sacha", reference) as demand:
        demand.add_event("appel")
    command = town.command("agent:robin")
    with (
        pytest.raises(OutOfDate),
        town.office.reassignment(reference, by=town.agent("robin"), command=command, version=1) as demand,
    ):
        demand.reassign("sacha")


# Reading


def test_an_auditor_reads_the_history_with_its_values_sealed(town: Town) -> None:
    dossier = town.dossier(town.taken(), "alix")
    assert (dossier.applicant, dossier.answers) == (None, None)
    assert shown(dossier.facts[0]) == {
        "procedure": "AEN",
        "service": "État civil",
        "channel": "internet",
        "has_email": True,
    }


def test_an_agent_of_the_service_opens_what_is_not_restricted(town: Town) -> None:
    assert town.dossier(town.receive().reference, "robin").applicant == MARIE
    assert town.dossier(town.receive(procedure="CAN").reference, "noa").applicant is None


def test_an_agent_reads_the_citizen_and_the_answers(town: Town) -> None:
    dossier = town.dossier(town.taken())
    assert dossier.applicant == MARIE
    assert dossier.answers == {"copies": 2}
    assert dossier.form is dossier.definition


def test_a_demand_keeps_the_form_under_which_it_was_sent(town: Town) -> None:
    reference = town.receive().reference
    old = town.office.directory.definition("AEN")
    town.office.directory.define_procedure(town.command("agent:dominique"), msgspec.structs.replace(old, title="Neuf"))
    dossier = town.dossier(reference)
    assert (dossier.form.title, dossier.definition.title) == ("Acte de naissance", "Neuf")


def test_a_box_copied_to_another_fact_does_not_open(town: Town) -> None:
    first, second = town.receive().reference, town.receive(SILENT).reference
    mine, other = town.dossier(first), town.dossier(second)
    assert mine.opened(other.facts[0], "applicant") is None


def test_instants_of_a_clock_that_stepped_back_do_not(town: Town) -> None:
    reference = town.taken()
    before = town.demand(reference).modified_on
    command = Command("agent:camille", NOON.replace(year=2020), "old")
    with town.office.demand(reference, by=town.agent("camille"), command=command) as demand:
        demand.put_on_hold("piece_demandee")
    assert town.demand(reference).modified_on == before
