"""Who is written to: those with rights, the owner, the head, and at last the administrators."""

import pytest

from domain.definition import Definition
from domain.recipients import Colleague, Staff
from domain.rights import Rights, Role

AEN = Definition("AEN", "Acte de naissance", "État civil")


def colleague(code: str, *roles: Role, service: str = "État civil", active: bool = True) -> Colleague:
    return Colleague(code, code.title(), active, Rights(frozenset(roles), frozenset({service} if service else ())))


ADMIN = colleague("dominique", Role.ADMIN, service="")
CAMILLE, SACHA = colleague("camille", Role.AGENT), colleague("sacha", Role.AGENT, active=False)
HEAD, OTHER = colleague("noa", Role.HEAD), colleague("robin", Role.AGENT, service="Écoles")


@pytest.mark.parametrize(
    ("people", "told"),
    [
        ((ADMIN, SACHA, CAMILLE, HEAD, OTHER), ("camille", "noa")),
        ((ADMIN, SACHA, OTHER), ("dominique",)),
        ((SACHA, OTHER), ()),
    ],
)
def test_of_an_untreated_demand(people: tuple[Colleague, ...], told: tuple[str, ...]) -> None:
    assert Staff(people).of_untreated(AEN) == told


@pytest.mark.parametrize(
    ("people", "owner", "told"),
    [
        ((ADMIN, CAMILLE, HEAD), "camille", ("camille",)),
        ((ADMIN, SACHA, HEAD), "sacha", ("noa",)),
        ((ADMIN, SACHA, CAMILLE), "sacha", ("dominique",)),
        ((ADMIN, HEAD), "unknown", ("noa",)),
        ((ADMIN, HEAD), None, ("noa",)),
    ],
)
def test_of_a_demand_in_progress(people: tuple[Colleague, ...], owner: str | None, told: tuple[str, ...]) -> None:
    assert Staff(people).of_owned(AEN, owner) == told
