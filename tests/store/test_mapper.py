"""P18: what was stored under a topic once is read for ever, and the bytes say nothing about modules and classes."""

import typing
from dataclasses import fields
from uuid import UUID

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import Fact
from domain.sealing import Sealed
from store.mapper import SUBJECTS, FactMapper, fact_classes
from tests.store.examples import EXAMPLES, GOLDEN, golden_file

mapper = FactMapper()
HOW = "see the first lines of tests/store/examples.py, which say how to add one"


def stored(topic: str, state: bytes | None = None) -> StoredEvent:
    """An example as the store holds it, or with other bytes."""
    event = mapper.to_stored_event(EXAMPLES[topic])
    return event if state is None else StoredEvent(event.originator_id, event.originator_version, topic, state)


def test_every_topic_has_an_example_and_a_golden_file() -> None:
    missing = sorted(topic for topic in fact_classes() if topic not in EXAMPLES or not golden_file(topic).exists())
    assert not missing, f"no golden file for {', '.join(missing)}: {HOW}"


def test_no_golden_file_is_left_without_a_topic() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {golden_file(topic).name for topic in EXAMPLES}, HOW


@pytest.mark.parametrize("topic", EXAMPLES)
def test_golden_bytes_are_read_as_the_same_fact(topic: str) -> None:
    fact = mapper.to_domain_event(stored(topic, golden_file(topic).read_bytes()))
    assert fact == EXAMPLES[topic], f"{topic} is no longer read as before; a changed shape takes a new topic number"


@pytest.mark.parametrize("topic", EXAMPLES)
def test_what_is_written_today_is_what_the_golden_file_holds(topic: str) -> None:
    if topic in fact_classes():
        assert stored(topic).state == golden_file(topic).read_bytes(), f"{topic} is written otherwise: {HOW}"


@pytest.mark.parametrize("topic", EXAMPLES)
def test_a_fact_comes_back_as_it_was(topic: str) -> None:
    event = stored(topic)
    assert event.topic == topic
    assert mapper.to_domain_event(event) == EXAMPLES[topic]


@pytest.mark.parametrize("topic", EXAMPLES)
def test_the_bytes_name_neither_modules_nor_classes_nor_what_has_a_column(topic: str) -> None:
    state = stored(topic).state
    for word in (b"domain.", b"originator", b"_topic", type(EXAMPLES[topic]).__name__.encode() + b'"', b"000000000aa"):
        assert word not in state


def test_topics_are_short_and_numbered() -> None:
    for topic, fact in fact_classes().items():
        kind, number = topic.split(":")
        assert kind.partition(".")[0] == fact.__qualname__.partition(".")[0].lower()
        assert int(number) >= 1
        assert len(topic) <= 40


def test_every_fact_of_every_subject_can_be_stored() -> None:
    classes = {fact for subject in SUBJECTS for fact in vars(subject).values() if isinstance(fact, type)}
    named = {fact for fact in classes if issubclass(fact, Fact) and "topic" in vars(fact)}
    assert named == set(fact_classes().values())
    assert len(named) == len({fact.topic for fact in named}), "two facts share a topic"


@pytest.mark.parametrize("fact", fact_classes().values(), ids=lambda fact: fact.__name__)
def test_what_a_fact_seals_is_sealed_and_what_it_shows_is_not(fact: type[Fact]) -> None:
    hints = typing.get_type_hints(fact)
    sealed = {
        field.name for field in fields(fact) if Sealed in (hints[field.name], *typing.get_args(hints[field.name]))
    }
    assert set(fact.seals) == sealed
    assert sealed.isdisjoint(fact.shows)


@pytest.mark.parametrize(
    "state", [b"", b"{", b"{}", b"[]", b"\xff\xfe", b'{"secret":"Dupont"}', b'{"timestamp":"Dupont"}', b"x" * 50]
)
def test_what_cannot_be_read_is_located_and_never_quoted(state: bytes) -> None:
    with pytest.raises(MapperDeserialisationError) as caught:
        mapper.to_domain_event(stored("demand.closed:1", state))
    assert "demand.closed:1 of 00000000-0000-0000-0000-0000000000aa version 2" in str(caught.value)
    assert "Dupont" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unknown_topic_is_told() -> None:
    with pytest.raises(MapperDeserialisationError, match=r"demand.closed:99"):
        mapper.to_domain_event(StoredEvent(UUID(int=1), 1, "demand.closed:99", b"{}"))


@given(st.text(), st.binary())
def test_any_text_and_any_box_come_back(text: str, box: bytes) -> None:
    fact = msgspec.structs.replace(Sealed(box))
    happened = type(EXAMPLES["demand.put-on-hold:1"])(
        **(vars(EXAMPLES["demand.put-on-hold:1"]) | {"reason": text, "detail": fact})
    )
    assert mapper.to_domain_event(mapper.to_stored_event(happened)) == happened
