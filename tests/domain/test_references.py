"""References are spelled on the phone: what is forgiven, and what is caught."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import MiscopiedReference, UnknownDemand
from domain.references import (
    ALPHABET,
    EXAMPLE,
    check_character,
    demand_id,
    new_reference,
    prefix,
    read_reference,
    stream_id,
)

bits = st.integers(0, 2**55 - 1)
codes = st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,39}", fullmatch=True)
AEN = "AEN-7QK3-M2XD-H5T1"


@given(codes, bits)
def test_a_reference_reads_as_itself(code: str, drawn: int) -> None:
    reference = new_reference(code, lambda _: drawn)
    assert read_reference(reference) == reference
    assert read_reference(f"  {reference.replace('-', '').lower()} ") == reference


@settings(max_examples=15)
@given(st.sampled_from(["AEN", "ILE", "SLF", "SIG"]), bits)
def test_every_single_mistyped_character_of_the_number_is_caught(code: str, drawn: int) -> None:
    reference = new_reference(code, lambda _: drawn)
    start = reference.index("-") + 1
    for place in range(start, len(reference)):
        if reference[place] == "-":
            continue
        for other in ALPHABET.replace(reference[place], ""):
            with pytest.raises(MiscopiedReference):
                read_reference(reference[:place] + other + reference[place + 1 :])


def test_the_check_character_is_luhn_modulo_32() -> None:
    assert check_character("7QK3M2XDH5T") == "1"
    assert check_character("0" * 11) == "0"


def test_most_swapped_neighbours_are_caught() -> None:
    randbits, caught, tried = Random(5).getrandbits, 0, 0
    for _ in range(200):
        number = new_reference("AEN", randbits).removeprefix("AEN-").replace("-", "")
        for place in range(11):
            swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            if swapped != number:
                tried += 1
                caught += check_character(swapped[:-1]) != swapped[-1]
    assert caught / tried > 0.97


@pytest.mark.parametrize("code", ["ILE", "SLF", "SIG"])
def test_confused_letters_are_forgiven_in_the_number_only(code: str) -> None:
    body = "0101010101" + "1"
    number = body + check_character(body)
    typed = number.replace("0", "O").replace("1", "I")
    reference = f"{code}-{number[:4]}-{number[4:8]}-{number[8:]}"
    assert read_reference(f"{code}{typed}") == reference
    assert read_reference(f"{code}-{typed.replace('I', 'l').lower()}") == reference


def test_the_example_of_the_help_texts_is_a_good_reference() -> None:
    assert read_reference(EXAMPLE) == EXAMPLE


def test_a_prefix_is_never_corrected() -> None:
    assert read_reference("ILE" + AEN[3:]) == "ILE" + AEN[3:]
    assert read_reference("1LE" + AEN[3:]) == "1LE" + AEN[3:]


def test_a_wrong_check_is_told_apart_from_nonsense() -> None:
    with pytest.raises(MiscopiedReference):
        read_reference(AEN[:-1] + "2")
    assert issubclass(MiscopiedReference, UnknownDemand)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "AEN",
        "7QK3M2XDH5T1",
        "ÀEN-7QK3-M2XD-H5T1",
        "AEN-7QK3-M2XD-H5U1",
        "A" * 60,
        "x" * 10_000,
        "AEN\0-7QK3-M2XD-H5T1",
        "é" * 15,
    ],
)
def test_what_cannot_be_a_reference_is_unknown(typed: str) -> None:
    with pytest.raises(UnknownDemand) as caught:
        read_reference(typed)
    assert type(caught.value) is UnknownDemand
    assert len(caught.value.name) <= 40


@pytest.mark.parametrize(
    ("code", "head"), [("AEN", "AEN"), ("WABO-GENERAL", "WABOGE"), ("A", "AXX"), ("A-1", "A1X"), ("7", "7XX")]
)
def test_the_prefix_comes_from_the_code(code: str, head: str) -> None:
    assert prefix(code) == head


def test_a_reference_draws_55_random_bits_and_spends_them_all() -> None:
    asked: list[int] = []

    def draw(number: int) -> int:
        asked.append(number)
        return 0

    new_reference("AEN", draw)
    assert asked == [55]
    assert len({new_reference("AEN", lambda _, place=place: 1 << place) for place in range(55)}) == 55  # type: ignore[misc]


def test_the_same_reference_always_names_the_same_history() -> None:
    assert demand_id(AEN) == demand_id(AEN)
    assert len({demand_id(AEN), stream_id("agent", AEN), stream_id("procedure", AEN)}) == 3
    assert str(demand_id(AEN)) == "b0a757ca-9fd8-5163-8627-7b0b08273eb1"
