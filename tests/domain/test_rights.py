"""Who may see, read and process what: the whole matrix, by hand."""

import pytest

from domain.definition import Definition
from domain.rights import Rights, Role

AEN = Definition("AEN", "Acte de naissance", "État civil")
CANTEEN = Definition("CAN", "Cantine", "Écoles", restricted=True)
NURSERY = Definition("CRE", "Crèche", "Écoles")
ROADS = Definition("VOI", "Voirie", "Technique")

NOTHING, SEES, READS, PROCESSES = "nothing", "sees", "reads", "processes"


def rights(*roles: str, services: tuple[str, ...] = (), procedures: tuple[str, ...] = ()) -> Rights:
    """Rights from names."""
    return Rights(frozenset(map(Role, roles)), frozenset(services), frozenset(procedures))


def level(person: Rights, procedure: Definition) -> str:
    """The most this person may do; each level holds the ones below."""
    levels = (person.sees(procedure), person.reads(procedure), person.processes(procedure))
    assert sorted(levels, reverse=True) == list(levels), "who processes reads, who reads sees"
    return (NOTHING, SEES, READS, PROCESSES)[sum(levels)]


@pytest.mark.parametrize(
    ("person", "aen", "canteen", "nursery", "roads"),
    [
        (rights("agent", services=("Écoles",)), NOTHING, PROCESSES, PROCESSES, NOTHING),
        (rights("agent", services=("Écoles",), procedures=("CRE",)), NOTHING, SEES, PROCESSES, NOTHING),
        (rights("agent", services=("Écoles",), procedures=("CAN",)), NOTHING, PROCESSES, READS, NOTHING),
        (rights("agent", services=("Écoles",), procedures=("AEN",)), PROCESSES, SEES, READS, NOTHING),
        (rights("agent", procedures=("AEN",)), PROCESSES, NOTHING, NOTHING, NOTHING),
        (rights("agent", services=("Écoles", "État civil")), PROCESSES, PROCESSES, PROCESSES, NOTHING),
        (rights("agent"), NOTHING, NOTHING, NOTHING, NOTHING),
        (rights("head", services=("Écoles",)), NOTHING, PROCESSES, PROCESSES, NOTHING),
        (rights("head", services=("Écoles",), procedures=("CRE",)), NOTHING, PROCESSES, PROCESSES, NOTHING),
        (rights("head"), NOTHING, NOTHING, NOTHING, NOTHING),
        (rights("admin", services=("Écoles",)), NOTHING, NOTHING, NOTHING, NOTHING),
        (rights("analyst", services=("Écoles",)), NOTHING, NOTHING, NOTHING, NOTHING),
        (rights("auditor"), SEES, SEES, SEES, SEES),
        (rights("agent", "admin", services=("Écoles",)), NOTHING, PROCESSES, PROCESSES, NOTHING),
        (rights("agent", "auditor", services=("Écoles",), procedures=("CRE",)), SEES, SEES, PROCESSES, SEES),
        (rights(), NOTHING, NOTHING, NOTHING, NOTHING),
    ],
)
def test_the_matrix(person: Rights, aen: str, canteen: str, nursery: str, roads: str) -> None:
    assert [level(person, procedure) for procedure in (AEN, CANTEEN, NURSERY, ROADS)] == [aen, canteen, nursery, roads]


@pytest.mark.parametrize("role", Role)
def test_only_agents_and_heads_oversee_a_service(role: Role) -> None:
    assert rights(role, services=("Écoles",)).oversees("Écoles") is (role in (Role.AGENT, Role.HEAD))
    assert not rights(role).oversees("Écoles")


def test_the_procedures_one_may_process_in_order() -> None:
    assert rights("agent", services=("Écoles",)).processable([NURSERY, CANTEEN, AEN]) == ["CAN", "CRE"]


def test_roles_combine() -> None:
    assert rights("agent", "admin").has(Role.ADMIN, Role.AUDITOR)
    assert not rights("agent").has(Role.ADMIN, Role.AUDITOR)
