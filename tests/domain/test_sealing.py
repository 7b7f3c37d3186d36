"""A sealed value opens with its own key, at its own place, and nowhere else."""

from os import urandom
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.applicant import Address, Applicant, read_applicant, written_applicant
from domain.errors import Erased
from domain.sealing import DataKey, Sealed, place

DEMAND, OTHER = UUID(int=1), UUID(int=2)
HERE = place(DEMAND, 1, "applicant")
key = DataKey(b"k" * 32, urandom)


@given(st.text())
def test_what_was_sealed_opens_again(text: str) -> None:
    assert key.open(key.seal(text, HERE), HERE) == text


@pytest.mark.parametrize(
    "elsewhere", [place(OTHER, 1, "applicant"), place(DEMAND, 2, "applicant"), place(DEMAND, 1, "answers")]
)
def test_a_box_moved_to_another_demand_fact_or_field_does_not_open(elsewhere: bytes) -> None:
    with pytest.raises(Erased):
        key.open(key.seal("Dupont", HERE), elsewhere)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Erased):
        DataKey(b"x" * 32, urandom).open(key.seal("Dupont", HERE), HERE)


@pytest.mark.parametrize("length", [0, 3, 12, 20])
def test_a_truncated_box_does_not_open(length: int) -> None:
    with pytest.raises(Erased):
        key.open(Sealed(key.seal("Dupont", HERE).box[:length]), HERE)


def test_a_changed_byte_is_noticed() -> None:
    box = bytearray(key.seal("Dupont", HERE).box)
    for index in range(len(box)):
        changed = bytes(box[:index] + bytes([box[index] ^ 1]) + box[index + 1 :])
        with pytest.raises(Erased):
            key.open(Sealed(changed), HERE)


def test_the_same_text_never_gives_the_same_box() -> None:
    assert key.seal("Dupont", HERE) != key.seal("Dupont", HERE)


def test_nothing_personal_shows_in_a_repr() -> None:
    applicant = Applicant("Dupont", "Marie", email="marie@exemple.fr", address=Address("1 rue Haute", "01000", "Bourg"))
    assert repr((key, key.seal("Dupont", HERE), applicant, applicant.address)) == (
        "(DataKey(), Sealed(34 bytes), Applicant(), Address())"
    )


def test_an_applicant_is_written_and_read_back() -> None:
    applicant = Applicant("Dupont", "Marie", "Mme", "Œuvrard", "marie@exemple.fr", None, Address("1", "01000", "Bourg"))
    assert read_applicant(written_applicant(applicant)) == applicant
    assert applicant.short_name == "ŒUVRARD Marie"
    assert applicant.courtesy_name == "Mme Marie Œuvrard"
    assert Applicant("Dupont", "Marie").courtesy_name == "Marie Dupont"
