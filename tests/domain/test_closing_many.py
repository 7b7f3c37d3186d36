"""P3 in bulk: demands closed by the lot, each with one winner, whoever acts meanwhile."""

from functools import partial
from uuid import UUID

import pytest

from domain.closing import close_all
from domain.demand import Demand
from domain.errors import MiscopiedReference, NotAllowedNow, Overtaken, Refused, UnknownCode
from domain.facts import Subject
from domain.handle import DemandHandle
from domain.letters import LetterKind
from domain.ports import S
from domain.references import EXAMPLE, demand_id
from domain.status import Status
from tests.domain.test_office_races import acts, sent, takes, works
from tests.domain.town import Town


def closes(town: Town, references: list[str], command_id: str | None = None, group: int = 100) -> dict[str, Refused]:
    """Camille closes all of these, without letters."""
    command = town.command("agent:camille", command_id)
    agent = town.agent("camille")
    return close_all(town.office, references, by=agent, command=command, outcome="traitee", comment="fini", group=group)


@pytest.mark.parametrize("group", [1, 2, 100])
def test_all_are_closed_and_their_keys_are_gone(town: Town, group: int) -> None:
    references = [town.taken() for _ in range(5)]
    saves = town.saves
    assert closes(town, [*references, references[0]], group=group) == {}
    assert {town.demand(reference).status for reference in references} == {Status.CLOSED}
    assert all(town.names(reference)[-1] == "PersonalDataErased" for reference in references)
    assert not town.keyring.keys([demand_id(reference) for reference in references])
    assert town.saves - saves == {1: 5, 2: 3, 100: 1}[group]


def test_the_histories_of_a_group_are_read_together(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    references, load, alone = [town.taken() for _ in range(5)], town.history.load, list[type[Subject]]()

    def noted(kind: type[S], identity: UUID) -> S | None:
        alone.append(kind)
        return load(kind, identity)

    monkeypatch.setattr(town.history, "load", noted)
    assert closes(town, references, group=2) == {}
    assert Demand not in alone


def test_a_demand_named_twice_is_closed_once(town: Town) -> None:
    reference = town.taken()
    assert closes(town, [reference, reference.lower(), reference.replace("-", "")]) == {}
    assert town.names(reference).count("Closed") == 1


def test_a_refusal_half_way_leaves_nothing_for_the_same_demand_named_otherwise(town: Town) -> None:
    """The second name decides on a demand of its own, not on what the first left half decided."""
    reference = town.taken()
    spellings, faults = [reference, reference.lower()], [UnknownCode("letter")]

    def letter(handle: DemandHandle) -> tuple[str, str] | None:
        if faults:
            handle.decline_mail(LetterKind.CONTACT)
            raise faults.pop()
        return None

    command, agent = town.command("agent:camille"), town.agent("camille")
    refused = close_all(town.office, spellings, by=agent, command=command, outcome="traitee", letter=letter)
    assert list(refused) == [reference]
    assert town.demand(reference).status is Status.CLOSED
    assert "PersonalDataErased" in town.names(reference)


def test_one_that_cannot_be_closed_costs_the_others_nothing(town: Town) -> None:
    untreated, miscopied, good = town.receive().reference, EXAMPLE[:-1] + "C", town.taken()
    refused = closes(town, [untreated, miscopied, good])
    assert {reference: type(refusal) for reference, refusal in refused.items()} == {
        untreated: NotAllowedNow,
        miscopied: MiscopiedReference,
    }
    assert town.demand(good).status is Status.CLOSED
    assert town.demand(untreated).status is Status.UNTREATED


def test_p3_only_the_demand_on_which_somebody_was_faster_is_refused(town: Town) -> None:
    references = [town.taken() for _ in range(4)]
    town.history.meanwhile = [
        partial(acts, town, "sacha", references[1], lambda demand: demand.add_event("appel")),
    ]
    refused = closes(town, references)
    assert list(refused) == [references[1]]
    assert isinstance(refused[references[1]], Overtaken)
    assert [town.demand(reference).status for reference in references] == [
        Status.CLOSED,
        Status.IN_PROGRESS,
        Status.CLOSED,
        Status.CLOSED,
    ]
    assert [town.names(reference).count("Closed") for reference in references] == [1, 0, 1, 1]


def test_p3_of_two_who_close_the_same_lot_one_closes_each(town: Town) -> None:
    references = [town.taken() for _ in range(3)]

    def sacha_is_faster() -> None:
        for reference in references[:2]:
            acts(town, "sacha", reference, lambda demand: demand.close("traitee"))

    town.history.meanwhile = [sacha_is_faster]
    refused = closes(town, references)
    assert set(refused) == set(references[:2])
    assert [town.names(reference).count("Closed") for reference in references] == [1, 1, 1]


def test_a_machine_that_came_between_costs_no_demand(town: Town) -> None:
    references = [town.taken() for _ in range(3)]
    town.history.meanwhile = [partial(works, town, references[2], sent)]
    assert closes(town, references) == {}
    assert {town.demand(reference).status for reference in references} == {Status.CLOSED}


def test_the_same_command_again_closes_what_was_left_out_and_nothing_twice(town: Town) -> None:
    references = [town.taken(), town.receive().reference]
    assert list(closes(town, references, "bulk-1")) == [references[1]]
    acts(town, "camille", references[1], takes)
    assert closes(town, references, "bulk-1") == {}
    assert [town.names(reference).count("Closed") for reference in references] == [1, 1]
