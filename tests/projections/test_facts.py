"""What the read models take from stored facts are fields of the domain's own facts, of the same types and values."""

import dataclasses
from datetime import datetime
from typing import Any

import pytest
from eventsourcing.persistence import MapperDeserialisationError

from domain.demand import Demand
from domain.facts import Fact
from projections.facts import DETAILS, decoder
from projections.folding import KINDS, fold_records
from store.mapper import fact_classes
from tests.installations import Town
from tests.projections.random_lives import play

FACTS = fact_classes()


def test_every_fact_that_can_be_stored_is_known() -> None:
    assert KINDS.keys() == FACTS.keys()
    for topic, fact in FACTS.items():
        assert KINDS[topic].name == fact.__name__
        assert KINDS[topic].leads_to == getattr(fact, "leads_to", None)


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.topic)
def test_what_is_read_names_existing_fields(fact: type[Fact]) -> None:
    read = decoder(fact).__self__.type  # type: ignore[attr-defined]  # the bound method of a decoder
    existing = {field.name for field in dataclasses.fields(fact)}  # type: ignore[arg-type]  # made by the metaclass
    details = [name for name in DETAILS if name in existing]
    names = set(read.__struct_encode_fields__)
    assert names - {"detail"} <= existing
    assert ("detail" in names) == (not details)
    assert {"timestamp", "actor", *details[:1]} <= names


def test_what_is_read_equals_the_domains_fact(town: Town) -> None:
    play(town, demands=6, steps=60)
    lea, reference = town.office.directory.agent("lea"), town.submit()
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "close", "traitee", "fini")
    seen = set()
    for notification in town.installation.register.notifications(0, 10_000):
        fact, kind = town.installation.register.fact(notification), KINDS[notification.topic]
        read: Any = kind.decode(notification.state)
        seen.add(type(fact))
        assert isinstance(read.timestamp, datetime)
        detail = next((getattr(fact, name) for name in DETAILS if hasattr(fact, name)), None)
        assert (read.timestamp, read.actor, read.detail) == (fact.timestamp, fact.actor, detail)
    assert {Demand.Submitted, Demand.Closed, Demand.PersonalDataErased, Demand.Reassigned} <= seen


@pytest.mark.parametrize("state", [b"{}", b"not json", b'{"timestamp":3,"actor":"a"}', b"\xff"])
def test_a_fact_that_cannot_be_read_is_named_without_its_content(state: bytes) -> None:
    record = (7, "0" * 31 + "1", 2, Demand.TakenInCharge.topic, state)
    with pytest.raises(MapperDeserialisationError, match=r"taken-in-charge:1 of 0.*1 version 2 cannot be read$"):
        fold_records(None, [record])  # type: ignore[arg-type]  # it stops before it needs one
