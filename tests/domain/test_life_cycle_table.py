"""The life of a demand, as the guide draws it: the classes, this table and the README say the same."""

from pathlib import Path

import pytest

from domain.demand import Demand
from domain.status import FINISHED, OPEN, Status

UNTREATED, IN_PROGRESS, ON_HOLD, CLOSED, DELETED = Status
EVERY = frozenset(Status)
README = Path(__file__).parents[2] / "README.md"
HEADING = "Life of a demand"

LIFE: dict[str, tuple[frozenset[Status], Status | None]] = {
    "Submitted": (frozenset(), UNTREATED),
    "TakenInCharge": (frozenset({UNTREATED}), IN_PROGRESS),
    "PutOnHold": (frozenset({IN_PROGRESS}), ON_HOLD),
    "Resumed": (frozenset({ON_HOLD}), IN_PROGRESS),
    "Reassigned": (frozenset({UNTREATED, IN_PROGRESS, ON_HOLD}), None),
    "EventAdded": (frozenset({UNTREATED, IN_PROGRESS, ON_HOLD}), None),
    "MailRequested": (EVERY, None),
    "MailSent": (EVERY, None),
    "MailFailed": (EVERY, None),
    "MailDeclined": (EVERY, None),
    "Reminded": (frozenset({UNTREATED, IN_PROGRESS}), None),
    "ExpiryWarned": (frozenset({UNTREATED}), None),
    "Closed": (frozenset({IN_PROGRESS}), CLOSED),
    "Expired": (frozenset({UNTREATED}), DELETED),
    "PersonalDataErased": (frozenset({CLOSED, DELETED}), None),
}
WORDS = {"–": frozenset[Status](), "-": frozenset[Status](), "any": EVERY, "any open": OPEN, "any finished": FINISHED}


def classes() -> dict[str, tuple[frozenset[Status], Status | None]]:
    """The table as the fact classes state it."""
    facts = [value for value in vars(Demand).values() if isinstance(value, type) and issubclass(value, Demand.Event)]
    return {fact.__name__: (fact.comes_from, fact.leads_to) for fact in facts if "topic" in vars(fact)}


def readme_table(text: str) -> dict[str, tuple[frozenset[Status], Status | None]]:
    """The table under the heading: fact | from | to; the statuses by their stored values, or in the words above."""
    lines = text.split(HEADING, 1)[1].splitlines()[1:]
    rows: dict[str, tuple[frozenset[Status], Status | None]] = {}
    started = False
    for line in lines:
        if line.startswith("|"):
            started = True
            names, comes_from, leads_to = ([part.strip(" `") for part in line.strip("|").split("|")])[:3]
            for name in names.replace("`", "").split(","):
                if name.strip() in LIFE:
                    rows[name.strip()] = (_statuses(comes_from), _status(leads_to))
        elif started or line.startswith("#"):
            break
    return rows


def _statuses(cell: str) -> frozenset[Status]:
    cell = cell.replace("`", "")
    return WORDS[cell] if cell in WORDS else frozenset(Status(name.strip()) for name in cell.split(","))


def _status(cell: str) -> Status | None:
    return None if cell in ("same", "–", "-", "") else Status(cell)


def test_the_facts_follow_the_table() -> None:
    assert classes() == LIFE


def test_the_readme_shows_the_same_table() -> None:
    if not README.exists():
        pytest.skip("there is no README.md yet")
    text = README.read_text()
    assert HEADING in text, f"the README has a heading « {HEADING} » with the table fact | from | to"
    assert readme_table(text) == LIFE


def test_the_reader_of_the_readme_reads_words_lists_and_several_facts_a_row() -> None:
    text = (
        f"## {HEADING}\n\n| fact | from | to | note |\n|---|---|---|---|\n"
        "| `Closed` | `EN_COURS_DE_TRAITEMENT` | `CLOTUREE` | |\n"
        "| `Reminded` | NON_TRAITEE, EN_COURS_DE_TRAITEMENT | same | |\n"
        "| `MailSent`, `MailFailed` | any | same | |\n| `Submitted` | – | NON_TRAITEE | |\n"
        "\n| `Expired` | any | same |\n"
    )
    names = ("Closed", "Reminded", "MailSent", "MailFailed", "Submitted")
    assert readme_table(text) == {name: LIFE[name] for name in names}


def test_a_finished_demand_never_leaves_its_end() -> None:
    assert not [name for name, (comes_from, to) in LIFE.items() if to is not None and comes_from & FINISHED]


@pytest.mark.parametrize("status", Status)
def test_every_status_is_reached_and_every_open_one_is_left(status: Status) -> None:
    assert status in {to for _, to in LIFE.values()}
    assert (status in OPEN) == any(status in comes and to not in (None, status) for comes, to in LIFE.values())
