"""P3: two agents on one demand make one winner; machines never cost an agent his click."""

from collections.abc import Callable
from functools import partial

import pytest

from domain.errors import AlreadyDecided, NotAllowedNow, Overtaken
from domain.handle import MOST_TRIES, DemandHandle
from domain.letters import LetterKind
from domain.references import demand_id
from domain.status import Status
from tests.domain.town import NOON, Town

Action = Callable[[DemandHandle], None]


def acts(town: Town, code: str, reference: str, action: Action, command_id: str | None = None) -> None:
    """An agent acts, start to end."""
    with town.hands(code, reference, command_id) as demand:
        action(demand)


def works(town: Town, reference: str, action: Action) -> None:
    """A job acts, start to end."""
    with town.machine(reference) as demand:
        action(demand)


def takes(demand: DemandHandle) -> None:
    """Prendre en compte."""
    demand.take_in_charge()


def sent(demand: DemandHandle) -> None:
    """The mail server took a letter."""
    demand.mail_sent("contact", demand_id("x"))


RACES: dict[str, Action] = {
    "take": takes,
    "close": lambda demand: demand.close("traitee", "fini", ("Sujet", "Corps")),
    "reassign": lambda demand: demand.reassign("sacha", "à toi"),
    "add an event": lambda demand: demand.add_event("appel"),
}


@pytest.mark.parametrize("name", RACES)
def test_of_two_agents_one_wins_and_the_other_is_told_who(town: Town, name: str) -> None:
    reference = town.receive().reference if name == "take" else town.taken()
    town.history.meanwhile = [partial(acts, town, "sacha", reference, RACES[name])]
    with pytest.raises(Overtaken) as caught:
        acts(town, "camille", reference, RACES[name])
    assert (caught.value.by, caught.value.reference) == ("sacha", reference)
    assert caught.value.owner == town.demand(reference).owner
    last = [fact.agent for fact in town.facts(reference) if fact.agent]
    assert last[-1] == "sacha"


def test_the_loser_learns_how_things_stand_now(town: Town) -> None:
    reference = town.taken()
    town.history.meanwhile = [partial(acts, town, "sacha", reference, RACES["close"])]
    with pytest.raises(Overtaken) as caught:
        acts(town, "camille", reference, RACES["add an event"])
    assert caught.value.status is Status.CLOSED


def test_a_machine_in_between_costs_an_agent_nothing(town: Town) -> None:
    reference = town.taken()
    town.history.meanwhile = [partial(works, town, reference, sent), partial(works, town, reference, sent)]
    acts(town, "camille", reference, lambda demand: demand.put_on_hold("piece_demandee", "un papier"))
    assert town.names(reference)[-3:] == ["MailSent", "MailSent", "PutOnHold"]
    assert town.dossier(reference).opened(town.facts(reference)[-1], "detail") == "un papier"


def test_a_letter_decided_again_leaves_once(town: Town) -> None:
    reference = town.taken()
    town.history.meanwhile = [partial(works, town, reference, sent)]
    acts(town, "camille", reference, lambda demand: demand.send_mail(LetterKind.CONTACT, "Sujet", "Corps"))
    assert [letter.subject for letter in town.letters(reference, "contact")] == ["Sujet"]
    assert town.dossier(reference).letter(town.facts(reference)[-1]) == town.letters(reference, "contact")[0]


def test_a_closure_decided_again_erases_once(town: Town) -> None:
    reference = town.taken()
    town.history.meanwhile = [partial(works, town, reference, sent)]
    acts(town, "camille", reference, RACES["close"])
    assert town.names(reference)[-4:] == ["MailSent", "Closed", "MailRequested", "PersonalDataErased"]
    assert town.keyring.stored[demand_id(reference)] is None


def test_several_decisions_of_one_hand_are_all_decided_again(town: Town) -> None:
    reference = town.taken()
    town.history.meanwhile = [partial(works, town, reference, sent)]
    with town.hands("camille", reference) as demand:
        demand.add_event("appel", "un")
        demand.add_event("appel", "deux")
    dossier = town.dossier(reference)
    assert [dossier.opened(fact, "comment") for fact in dossier.facts[-2:]] == ["un", "deux"]


def test_what_a_machine_made_impossible_is_refused(town: Town) -> None:
    reference = town.receive().reference
    town.history.meanwhile = [partial(works, town, reference, lambda demand: demand.expire("never_taken", NOON))]
    with pytest.raises(NotAllowedNow) as caught:
        acts(town, "camille", reference, takes)
    assert caught.value.status is Status.DELETED


def test_machines_that_never_stop_overtake_in_the_end(town: Town) -> None:
    reference = town.taken()

    def busy() -> None:
        town.history.meanwhile = []
        works(town, reference, sent)
        town.history.meanwhile = [busy]

    town.history.meanwhile = [busy]
    with pytest.raises(Overtaken):
        acts(town, "camille", reference, RACES["add an event"])
    assert town.names(reference).count("MailSent") == MOST_TRIES
    assert "EventAdded" not in town.names(reference)


def test_a_double_click_counts_once_and_nobody_is_overtaken(town: Town) -> None:
    reference = town.receive().reference
    town.history.meanwhile = [partial(acts, town, "camille", reference, takes, "click")]
    acts(town, "camille", reference, takes, "click")
    assert town.names(reference) == ["Submitted", "MailRequested", "TakenInCharge"]


def test_a_double_click_on_close_counts_once(town: Town) -> None:
    reference = town.taken()
    town.history.meanwhile = [partial(acts, town, "camille", reference, RACES["close"], "click")]
    acts(town, "camille", reference, RACES["close"], "click")
    assert town.names(reference).count("Closed") == 1
    assert len(town.letters(reference, "closure")) == 1


def test_ones_own_other_tab_is_a_person_too(town: Town) -> None:
    reference = town.receive().reference
    town.history.meanwhile = [partial(acts, town, "camille", reference, takes)]
    with pytest.raises(Overtaken):
        acts(town, "camille", reference, takes)


def test_a_job_decides_again_on_what_an_agent_left(town: Town) -> None:
    reference = town.receive().reference
    town.history.meanwhile = [partial(acts, town, "camille", reference, takes)]
    works(town, reference, sent)
    assert town.names(reference)[-2:] == ["TakenInCharge", "MailSent"]


def test_expiry_gives_way_to_the_agent_who_took_the_demand(town: Town) -> None:
    reference = town.receive().reference
    town.history.meanwhile = [partial(acts, town, "camille", reference, takes)]
    with pytest.raises(NotAllowedNow):
        works(town, reference, lambda demand: demand.expire("never_taken", NOON))
    assert town.dossier(reference).applicant is not None


def test_an_acknowledgement_sent_in_the_other_tab_is_told_as_such(town: Town) -> None:
    reference = town.taken()

    def decline(demand: DemandHandle) -> None:
        demand.decline_mail(LetterKind.ACKNOWLEDGEMENT)

    acts(town, "camille", reference, decline)
    with pytest.raises(AlreadyDecided):
        acts(town, "camille", reference, decline)
