"""Auditors replay a demand at a version or an instant, and see nothing of the citizen."""

from collections.abc import Callable

import pytest

from tests.suivi.conftest import CommandLine

Find = Callable[[str], str]


def test_the_whole_life_of_a_demand(town: CommandLine, reference_of: Find) -> None:
    reference = reference_of("case-1")
    document = town("replay", reference, "--json").json
    assert list(document) == ["reference", "status", "version", "at", "agent", "history"]
    assert (document["reference"], document["status"], document["version"]) == (reference, "CLOTUREE", 7)
    assert [fact["kind"] for fact in document["history"]] == [
        "Submitted",
        "TakenInCharge",
        "EventAdded",
        "PutOnHold",
        "Resumed",
        "Closed",
        "PersonalDataErased",
    ]
    assert document["history"][3] == {
        "version": 4,
        "kind": "PutOnHold",
        "at": "2025-03-05T08:05:00+00:00",
        "actor": "agent:amelie",
        "agent": "amelie",
        "data": {"reason": "piece_demandee"},
    }
    assert document["history"][0]["agent"] is None
    assert document["history"][0]["data"] == {
        "procedure": "AEN",
        "service": "État civil",
        "channel": "internet",
        "has_email": True,
    }


@pytest.mark.parametrize(
    ("version", "status", "agent"),
    [(1, "NON_TRAITEE", None), (2, "EN_COURS_DE_TRAITEMENT", "amelie"), (4, "EN_ATTENTE", "amelie")],
)
def test_as_it_was_at_a_version(
    town: CommandLine, reference_of: Find, version: int, status: str, agent: str | None
) -> None:
    document = town("replay", reference_of("case-1"), "--version", version, "--json").json
    assert (document["status"], document["version"], document["agent"]) == (status, version, agent)
    assert len(document["history"]) == version
    assert document["at"] == document["history"][-1]["at"]


@pytest.mark.parametrize(
    ("instant", "version"),
    [
        ("2025-03-05T09:05:00+01:00", 4),
        ("2025-03-05T08:04:59Z", 3),
        ("2025-03-05T09:05:00", 4),
        ("2025-03-05", 2),
        ("2026-01-01T00:00:00Z", 7),
    ],
)
def test_as_it_was_at_an_instant(town: CommandLine, reference_of: Find, instant: str, version: int) -> None:
    assert town("replay", reference_of("case-1"), "--at", instant, "--json").json["version"] == version


def test_nothing_sealed_is_shown(town: CommandLine, reference_of: Find) -> None:
    for case in ("case-1", "case-3", "case-4"):
        for form in ((), ("--json",)):
            done = town("replay", reference_of(case), *form)
            assert done.code == 0
            for secret in ("Lefèvre", "Odile", "livret", "Absente", "Korrigans", "box", "Sealed", "motif"):
                assert secret not in done.out


def test_a_reference_is_forgiven_its_case_and_hyphens(town: CommandLine, reference_of: Find) -> None:
    reference = reference_of("case-4")
    done = town("replay", reference.lower().replace("-", " "), "--json")
    assert done.json["reference"] == reference


def test_what_cannot_be_replayed_is_said(town: CommandLine, reference_of: Find) -> None:
    reference = reference_of("case-4")
    wrong = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    cases = {
        (wrong,): (1, "mal recopiée"),
        ("AEN-0000-0000-0000",): (1, "Aucune demande"),
        ("nonsense",): (1, "Aucune demande"),
        (reference, "--version", "2"): (1, "n’a que 1 faits"),
        (reference, "--at", "2020-01-01T00:00:00Z"): (1, "n’existait pas encore"),
        (reference, "--version", "0"): (2, "--version"),
        (reference, "--at", "yesterday"): (2, "ISO 8601"),
        (reference, "--at", "2025-04-02", "--version", "1"): (2, "--version"),
    }
    for arguments, (code, said) in cases.items():
        done = town("replay", *arguments, "--json")
        assert (done.code, done.out) == (code, ""), arguments
        assert said in done.err
