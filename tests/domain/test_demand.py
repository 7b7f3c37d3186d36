"""Every fact of a demand, and every refusal, told once."""

from datetime import timedelta

import pytest

from domain.demand import Demand
from domain.errors import AlreadyDecided, NoAddress, NotAllowedNow
from domain.facts import Command, fold
from domain.letters import AFTER_ERASURE, LetterKind
from domain.status import Status
from tests.histories import (
    MAIL,
    MORNING,
    REFERENCE,
    SEALED,
    Step,
    add_event,
    close,
    decline_mail,
    erase,
    expire,
    given,
    mail_failed,
    mail_sent,
    put_on_hold,
    reassign,
    remind,
    request_mail,
    resume,
    submitted,
    submitted_without_address,
    take_in_charge,
)

taken = (submitted, take_in_charge)
held = (*taken, put_on_hold)
closed = (*taken, close)
expired = (submitted, expire)
hour = timedelta(hours=1)


# Facts, in the order of a life


def test_a_form_that_arrives_is_an_untreated_demand_of_nobody() -> None:
    demand = given().when(submitted).then((Demand.Submitted, {"reference": REFERENCE, "has_email": True})).demand
    assert (demand.status, demand.owner, demand.submitted_at) == (Status.UNTREATED, None, MORNING)


def test_who_takes_a_demand_in_charge_owns_it() -> None:
    demand = given(submitted).when(take_in_charge).then((Demand.TakenInCharge, {"agent": "camille"})).demand
    assert (demand.status, demand.owner, demand.taken_at) == (Status.IN_PROGRESS, "camille", MORNING + hour)


def test_without_an_address_taking_in_charge_declines_the_acknowledgement_by_itself() -> None:
    given(submitted_without_address).when(take_in_charge).then(
        Demand.TakenInCharge, (Demand.MailDeclined, {"kind": "acknowledgement", "why": "no_address"})
    )


def test_a_demand_in_progress_waits_for_a_reason() -> None:
    story = given(*taken).when(put_on_hold).then((Demand.PutOnHold, {"reason": "piece_demandee", "detail": SEALED}))
    assert (story.demand.status, story.demand.held_since) == (Status.ON_HOLD, MORNING + 2 * hour)


def test_a_demand_resumed_remembers_how_long_it_waited() -> None:
    demand = given(*held).when(resume).then(Demand.Resumed).demand
    assert (demand.status, demand.held_since, demand.held_seconds) == (Status.IN_PROGRESS, None, 3600)


def test_waits_add_up() -> None:
    assert given(*held, resume, put_on_hold, resume).demand.held_seconds == 7200


def test_reassigning_an_untreated_demand_designates_an_agent_and_leaves_it_untreated() -> None:
    demand = given(submitted).when(reassign).then((Demand.Reassigned, {"previous": None, "to": "sacha"})).demand
    assert (demand.status, demand.owner) == (Status.UNTREATED, "sacha")


def test_anyone_may_take_a_demand_designated_for_another() -> None:
    assert given(submitted, reassign).when(take_in_charge).then(Demand.TakenInCharge).demand.owner == "camille"


def test_a_demand_reassigned_while_on_hold_stays_on_hold() -> None:
    demand = given(*held).when(reassign).then((Demand.Reassigned, {"previous": "camille", "note": SEALED})).demand
    assert (demand.status, demand.owner) == (Status.ON_HOLD, "sacha")


def test_resuming_keeps_the_owner_whoever_resumes() -> None:
    assert given(*held, resume.by("agent:sacha")).demand.owner == "camille"


@pytest.mark.parametrize("before", [(submitted,), taken, held], ids=["untreated", "in progress", "on hold"])
def test_a_milestone_can_be_marked_on_any_open_demand(before: tuple[Step, ...]) -> None:
    status = given(*before).demand.status
    story = given(*before).when(add_event).then((Demand.EventAdded, {"event_type": "appel", "comment": SEALED}))
    assert story.demand.status is status


def test_a_letter_is_requested() -> None:
    given(*taken).when(request_mail(LetterKind.ACKNOWLEDGEMENT)).then(
        (Demand.MailRequested, {"kind": "acknowledgement", "mail_id": MAIL, "letter": SEALED})
    )


def test_a_letter_is_declined() -> None:
    given(*taken).when(decline_mail(LetterKind.ACKNOWLEDGEMENT)).then(
        (Demand.MailDeclined, {"kind": "acknowledgement", "why": "declined"})
    )


@pytest.mark.parametrize("before", [taken, (*closed, erase)], ids=["open", "closed"])
def test_the_mail_server_took_the_letter_even_after_closure(before: tuple[Step, ...]) -> None:
    given(*before).when(mail_sent).then((Demand.MailSent, {"kind": "contact", "mail_id": MAIL}))


@pytest.mark.parametrize("before", [taken, (*closed, erase)], ids=["open", "closed"])
def test_a_letter_that_fails_says_why_with_codes_only(before: tuple[Step, ...]) -> None:
    given(*before).when(mail_failed).then(
        (Demand.MailFailed, {"why": "rejected", "smtp_status": 550, "enhanced_status": "5.1.1"})
    )


def test_reminding_names_the_agents_and_changes_nothing_else() -> None:
    story = given(submitted).when(remind).then((Demand.Reminded, {"agents": ("camille", "sacha"), "agent": None}))
    assert (story.demand.status, story.demand.owner) == (Status.UNTREATED, None)


def test_closing_keeps_the_outcome() -> None:
    demand = given(*taken).when(close).then((Demand.Closed, {"outcome": "traitee", "comment": SEALED})).demand
    assert (demand.status, demand.outcome, demand.closed_at) == (Status.CLOSED, "traitee", MORNING + 2 * hour)


def test_a_demand_nobody_took_expires() -> None:
    demand = given(submitted).when(expire).then((Demand.Expired, {"rule": "never_taken", "deadline": MORNING})).demand
    assert (demand.status, demand.closed_at) == (Status.DELETED, MORNING + hour)


def test_erasure_counts_what_it_erased_by_category() -> None:
    letter = request_mail(LetterKind.ACKNOWLEDGEMENT)
    demand = (
        given(*taken, letter, put_on_hold, resume, add_event, add_event, reassign, close)
        .when(erase)
        .then(
            (
                Demand.PersonalDataErased,
                {
                    "reason": "closure",
                    "categories": {"answers": 1, "applicant": 1, "comments": 4, "details": 1, "mail": 1},
                },
            )
        )
        .demand
    )
    assert demand.erased_at == MORNING + 9 * hour


def test_erasure_counts_no_comment_that_was_never_written() -> None:
    silent = Step(lambda demand: demand.close(None))
    given(*taken, silent).when(erase).then((Demand.PersonalDataErased, {"categories": {"answers": 1, "applicant": 1}}))


# Refusals


@pytest.mark.parametrize("before", [taken, held, closed, expired], ids=["taken", "on hold", "closed", "expired"])
def test_a_demand_is_taken_in_charge_once(before: tuple[Step, ...]) -> None:
    status = given(*before).demand.status
    given(*before).when(take_in_charge).then_refused(NotAllowedNow, fact="TakenInCharge", status=status)


def test_a_demand_nobody_took_cannot_wait() -> None:
    given(submitted).when(put_on_hold).then_refused(NotAllowedNow, fact="PutOnHold", owner=None)


def test_a_demand_on_hold_cannot_be_put_on_hold_again() -> None:
    given(*held).when(put_on_hold).then_refused(NotAllowedNow, fact="PutOnHold", owner="camille")


def test_a_demand_that_does_not_wait_cannot_be_resumed() -> None:
    given(*taken).when(resume).then_refused(NotAllowedNow, fact="Resumed")


def test_a_finished_demand_cannot_be_reassigned() -> None:
    given(*closed).when(reassign).then_refused(NotAllowedNow, fact="Reassigned", status=Status.CLOSED)


def test_no_milestone_after_the_end() -> None:
    given(*expired).when(add_event).then_refused(NotAllowedNow, fact="EventAdded", status=Status.DELETED)


def test_a_demand_on_hold_is_never_reminded_of() -> None:
    given(*held).when(remind).then_refused(NotAllowedNow, fact="Reminded")


def test_a_demand_on_hold_must_be_resumed_before_it_is_closed() -> None:
    given(*held).when(close).then_refused(NotAllowedNow, fact="Closed", reference=REFERENCE)


def test_a_demand_nobody_took_cannot_be_closed() -> None:
    given(submitted).when(close).then_refused(NotAllowedNow, fact="Closed")


def test_a_demand_somebody_took_never_expires() -> None:
    given(*taken).when(expire).then_refused(NotAllowedNow, fact="Expired")


def test_an_open_demand_keeps_its_personal_data() -> None:
    given(*taken).when(erase).then_refused(NotAllowedNow, fact="PersonalDataErased")


def test_no_letter_without_an_address() -> None:
    given(submitted_without_address, take_in_charge).when(request_mail(LetterKind.CONTACT)).then_refused(NoAddress)


@pytest.mark.parametrize("first", [request_mail, decline_mail])
@pytest.mark.parametrize("second", [request_mail, decline_mail])
def test_the_acknowledgement_is_decided_once(first: type[Step], second: type[Step]) -> None:
    kind = LetterKind.ACKNOWLEDGEMENT
    given(*taken, first(kind)).when(second(kind)).then_refused(AlreadyDecided, letter=kind)  # type: ignore[arg-type]


def test_the_closing_letter_is_decided_once() -> None:
    kind = LetterKind.CLOSURE
    given(*closed, decline_mail(kind)).when(request_mail(kind)).then_refused(AlreadyDecided)


def test_a_contact_letter_may_be_written_again_and_again() -> None:
    contact = request_mail(LetterKind.CONTACT)
    given(*taken, contact).when(contact).then(Demand.MailRequested)


@pytest.mark.parametrize("after", [(), (close, erase)], ids=["open", "closed"])
def test_a_letter_that_failed_may_be_asked_for_again_and_one_that_left_may_not(after: tuple[Step, ...]) -> None:
    again = request_mail(LetterKind.ACKNOWLEDGEMENT)
    before = (*taken, again, mail_failed, *after)
    demand = given(*before).when(again).then((Demand.MailRequested, {"mail_id": MAIL})).demand
    assert demand.letters_to_give_up() == {MAIL: AFTER_ERASURE}, "it may leave as any other on its way"
    given(*before, again, mail_sent).when(again).then_refused(NotAllowedNow if after else AlreadyDecided)


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        (LetterKind.ACKNOWLEDGEMENT, (submitted,)),
        (LetterKind.ACKNOWLEDGEMENT, closed),
        (LetterKind.CONTACT, closed),
        (LetterKind.CONTACT, expired),
        (LetterKind.CLOSURE, taken),
    ],
)
def test_a_letter_out_of_season_is_refused(kind: LetterKind, before: tuple[Step, ...]) -> None:
    given(*before).when(request_mail(kind)).then_refused(NotAllowedNow, fact="MailRequested")


# Commands


@pytest.mark.parametrize(
    "step",
    [
        take_in_charge,
        put_on_hold,
        resume,
        reassign,
        add_event,
        request_mail(LetterKind.CONTACT),
        decline_mail(LetterKind.ACKNOWLEDGEMENT),
        remind,
        close,
        erase,
        expire,
        mail_sent,
    ],
)
def test_a_command_carried_out_already_changes_nothing_wherever_the_demand_stands(step: Step) -> None:
    given(submitted, take_in_charge.under("twice"), put_on_hold).when(step.under("twice")).then_nothing()


def test_an_instant_never_steps_back() -> None:
    story = given(submitted, take_in_charge).when(add_event.at(MORNING - hour))
    story.then((Demand.EventAdded, {"timestamp": MORNING + hour}))


def test_several_facts_of_one_command_are_all_recorded() -> None:
    def both(demand: Demand) -> None:
        demand.close("traitee")
        demand.erase("closure", "closed")

    story = given(*taken).when(Step(both)).then(Demand.Closed, Demand.PersonalDataErased)
    assert {fact.command_id for fact in story.new} == {"command-2"}
    assert len({fact.timestamp for fact in story.new}) == 1


def test_a_command_needs_an_author() -> None:
    with pytest.raises(RuntimeError):
        given(submitted).demand.take_in_charge()


def test_a_fact_says_which_agent_acted_and_none_for_machines() -> None:
    story = given(submitted, take_in_charge, mail_sent)
    assert [fact.agent for fact in story.facts] == [None, "camille", None]
    assert [fact.name for fact in story.facts] == ["Submitted", "TakenInCharge", "MailSent"]


def test_only_another_agent_makes_a_page_stale() -> None:
    demand = given(submitted, take_in_charge, mail_sent, add_event.by("agent:sacha"), mail_sent).demand
    assert demand.other_agent_since(2, "camille") == "sacha"
    assert demand.other_agent_since(4, "camille") is None
    assert demand.other_agent_since(2, "sacha") is None
    assert demand.other_agent_since(-5, "sacha") == "camille"


def test_the_facts_make_the_demand_and_none_make_none() -> None:
    assert fold([]) is None
    assert given(*held).demand.status is Status.ON_HOLD


def test_nothing_sealed_shows_in_a_repr() -> None:
    story = given(*held)
    shown = repr(story.facts) + repr(Command("agent:camille", MORNING, "id"))
    assert "a box that only a key opens" not in shown
    assert "Sealed(" in shown
