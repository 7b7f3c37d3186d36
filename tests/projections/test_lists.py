"""Lists: rights inside the query, pages that neither skip nor repeat, and names found without being readable."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.applicant import read_applicant
from domain.references import demand_id
from domain.sealing import DataKey, Sealed, place
from projections.cursors import BadCursor
from projections.journal import JournalCriteria
from projections.lists import Lists
from projections.naming import FEW
from projections.reading import Criteria, Scope
from suivi.rebuilding import rebuild
from tests.databases import only_sqlite
from tests.installations import MORNING, Town
from tests.projections.random_lives import send_again

CIVIL = "État civil"
LEA = Scope("lea", ("AED", "AEM", "AEN", "SLF"), (CIVIL,), (CIVIL,))
STRANGER = Scope("zoe", ("SIG",), ("Urbanisme et domaine public",), ("Urbanisme et domaine public",))


def listed(town: Town, scope: Scope = LEA, **criteria: object) -> list[str]:
    chosen = Criteria(**{"section": "untreated", **criteria})  # type: ignore[arg-type]  # names of the struct
    return [row.reference for row in town.installation.lists.page(chosen, scope, town.clock()).rows]


def pages(town: Town, **criteria: object) -> Iterator[list[str]]:
    cursor: str | None = ""
    while cursor is not None:
        chosen = Criteria(**{"section": "untreated", "cursor": cursor, **criteria})  # type: ignore[arg-type]
        page = town.installation.lists.page(chosen, LEA, town.clock())
        yield [row.reference for row in page.rows]
        cursor = page.next


def test_what_the_rights_do_not_allow_is_not_in_the_list(town: Town) -> None:
    reference = town.submit("AEN")
    assert listed(town) == [reference]
    assert listed(town, STRANGER) == []
    assert listed(town, STRANGER, section="service") == []


@pytest.mark.parametrize("sort", ["received", "-received", "due", "-due"])
def test_pages_neither_skip_nor_repeat(town: Town, sort: str) -> None:
    for number in range(23):
        town.submit("AEN")
        if number % 3:
            town.clock.move(minutes=7)
    found = [reference for page in pages(town, sort=sort, size=5) for reference in page]
    assert len(found) == len(set(found)) == 23
    assert found == listed(town, sort=sort, size=100)


def test_a_demand_moves_from_list_to_list(town: Town) -> None:
    lea, reference = town.agent("lea", CIVIL), town.submit("AEN")
    town.act(reference, lea, "take_in_charge")
    assert (listed(town), listed(town, section="in_progress")) == ([], [reference])
    town.act(reference, lea, "put_on_hold", "autre")
    assert (listed(town, section="in_progress"), listed(town, section="on_hold")) == ([], [reference])
    town.act(reference, lea, "resume")
    town.act(reference, lea, "close", "traitee")
    assert listed(town, section="service") == []
    journal = town.installation.journal.page(JournalCriteria(), LEA).rows
    assert [row.reference for row in journal] == [reference]


def test_the_journal_keeps_every_milestone_and_nothing_else(town: Town) -> None:
    lea, reference = town.agent("lea", CIVIL), town.submit("AEN")
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "add_event", "appel_usager", "secret")
    town.act(reference, lea, "close", "traitee", "secret")
    row = town.installation.journal.page(JournalCriteria(agent="lea", event_type="appel_usager"), LEA).rows[0]
    kinds = [milestone.kind for milestone in row.milestones]
    assert kinds == [fact.name for fact in town.office.dossier(reference, None).facts]
    assert "secret" not in repr(row)
    assert (row.agents, row.outcome, row.erased_at) == (["lea"], "traitee", town.clock())
    assert town.installation.journal.page(JournalCriteria(agent="max"), LEA).rows == []
    assert town.installation.journal.page(JournalCriteria(), STRANGER).rows == []


def test_counters_come_from_roll_ups_and_follow_each_action(town: Town) -> None:
    lea = town.agent("lea", CIVIL)
    first, second = town.submit("AEN"), town.submit("AEM")
    town.act(first, lea, "take_in_charge")
    town.act(second, lea, "reassign", "lea")
    counters = town.installation.lists.counters(LEA, town.clock())
    assert (counters.in_progress, counters.untreated, counters.for_you, counters.service) == (1, 1, 1, 2)
    town.clock.move(days=100)
    assert town.installation.lists.counters(LEA, town.clock()).late == 1


def test_late_demands_that_nobody_took_are_counted_within_the_rights(town: Town) -> None:
    lea, counters = town.agent("lea", CIVIL), town.installation.lists.counters
    for reference in (town.submit("AEN"), town.submit("AEM"), town.submit("AEM")):
        last = reference
    town.act(last, lea, "take_in_charge")
    assert counters(LEA, town.clock()).late_untreated == 0
    town.clock.move(days=100)
    assert (counters(LEA, town.clock()).late, counters(LEA, town.clock()).late_untreated) == (1, 2)
    assert counters(STRANGER, town.clock()).late_untreated == 0
    assert len(listed(town, late=True)) == 2


def test_late_ones_come_first_then_those_due_soon_then_those_that_wait_for_the_agent(town: Town) -> None:
    lea, soon = town.agent("lea", CIVIL), timedelta(days=2)
    for code, take, close in (("AEM", 20, 40), ("AEN", 3, 5), ("AED", None, None)):
        definition = town.office.directory.definition(code)
        delays = {"take_delay_days": take, "close_delay_days": close, "delay_calendar": "calendar"}
        town.office.directory.define_procedure(town.command("system:test"), replace(definition, **delays))

    def one(procedure: str, action: str, *arguments: str) -> str:
        reference = town.submit(procedure)
        town.act(reference, lea, action, *arguments)
        town.clock.move(minutes=1)
        return reference

    own_later, own_late = one("AEM", "take_in_charge"), one("AEN", "take_in_charge")
    own_never = one("AED", "take_in_charge")
    for_her_later, for_her_never = one("AEM", "reassign", "lea"), one("AED", "reassign", "lea")
    town.clock.move(days=4)
    for_her_late = one("AEN", "reassign", "lea")
    town.clock.move(days=2)
    own_soon = one("AEN", "take_in_charge")
    town.clock.move(days=3)
    for_her_soon = one("AEN", "reassign", "lea")
    town.clock.move(days=1)
    expected = [own_late, for_her_late, own_soon, for_her_soon, for_her_later, for_her_never, own_later, own_never]
    for most in (12, 8, 5, 1):
        rows = town.installation.lists.urgent(LEA, town.clock(), soon, most)
        assert [row.reference for row in rows] == expected[:most]
    assert town.installation.lists.urgent(STRANGER, town.clock(), soon, 12) == []


def test_late_ones_that_an_agent_may_take_follow_his_own_late_ones(town: Town) -> None:
    lea, max_ = town.agent("lea", CIVIL), town.agent("max", CIVIL)
    for code, take, close in (("AEM", 3, 40), ("AEN", 5, 8)):
        definition = town.office.directory.definition(code)
        delays = {"take_delay_days": take, "close_delay_days": close, "delay_calendar": "calendar"}
        town.office.directory.define_procedure(town.command("system:test"), replace(definition, **delays))
    own_late, own_later = town.submit("AEN"), town.submit("AEM")
    for reference in (own_late, own_later):
        town.act(reference, lea, "take_in_charge")
    later, late, of_max = town.submit("AEN"), town.submit("AEM"), town.submit("AEN")
    town.act(of_max, max_, "reassign", "max")
    for_her = town.submit("AEN")
    town.act(for_her, lea, "reassign", "lea")
    town.clock.move(days=10)
    in_time = town.submit("AEM")
    expected = [for_her, own_late, late, later, of_max, own_later]
    for most in (12, 6, 4, 3, 2, 1):
        rows = town.installation.lists.urgent(LEA, town.clock(), timedelta(days=2), most)
        assert [row.reference for row in rows] == expected[:most]
    assert in_time not in expected
    assert town.installation.lists.urgent(STRANGER, town.clock(), timedelta(days=2), 12) == []


def test_who_only_sends_a_failed_letter_again_is_no_agent_of_the_demand(town: Town) -> None:
    lea, reference, deleted = town.agent("lea", CIVIL), town.submit("AEN"), town.submit("AEN")
    send_again(town, reference)
    town.act(reference, lea, "take_in_charge")
    town.act(reference, lea, "close", "traitee", None, ("Fini", "Votre acte est prêt."))
    send_again(town, reference)
    with town.office.demand_of_job(demand_id(deleted), town.command("system:expire")) as demand:
        demand.expire("deletion_delay", town.clock())
    journal = town.installation.journal
    rows = {row.reference: row for row in journal.page(JournalCriteria(), LEA).rows}
    assert (rows[reference].agents, rows[deleted].agents) == (["lea"], [])
    told = [(step.kind, step.agent) for step in rows[reference].milestones]
    assert told == [(fact.name, fact.agent) for fact in town.office.dossier(reference, None).facts]
    assert told.count(("MailRequested", "ada")) >= 1
    assert journal.page(JournalCriteria(agent="ada"), LEA).rows == []
    assert [row.reference for row in journal.page(JournalCriteria(agent="lea"), LEA).rows] == [reference]


def test_late_demands_are_those_past_their_due_date(town: Town) -> None:
    early = town.submit("AEN")
    due = town.installation.lists.page(Criteria("untreated"), LEA, town.clock()).rows[0].due_at
    assert due is not None
    town.clock.now = due + timedelta(seconds=1)
    town.submit("AEN")
    assert listed(town, late=True) == [early]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nunez", True),
        ("NUÑ", True),
        ("obrien", True),
        ("brien", True),
        ("lefevre dup", True),
        ("dup lefevre", True),
        ("lefevredupont", True),
        ("zoe.n@example.org", True),
        ("+33 6 39 98 01 02", True),
        ("06 39 98 01 02", True),
        ("0033639980102", True),
        ("+33 (0)639980102", True),
        ("33639980102", True),
        ("00339980102", False),
        ("nu", False),
        ("durand", False),
        ("nunez durand", False),
        ("%", False),
        ("x" * 10_000, False),
    ],
)
def test_names_are_found_by_the_beginning_of_any_word(town: Town, typed: str, found: bool) -> None:
    reference = town.submit(
        "AEN",
        last_name="O’Brien",
        usage_name="Lefèvre-Dupont",
        first_name="Zoé Nuñez",
        email="zoe.n@example.org",
        phone="06.39.98.01.02",
    )
    town.submit("AEN", last_name="Martin", first_name="Paul", email=None)
    assert listed(town, words=(typed,)) == ([reference] if found else [])


@pytest.mark.parametrize("sort", ["received", "-received"])
def test_those_who_bear_a_name_stand_in_the_order_of_receipt_whatever_happens_between_pages(
    town: Town, sort: str
) -> None:
    lea, received = town.agent("lea", CIVIL), dict[str, int]()
    for number in range(FEW + 3):
        minute = number * 17 % (FEW + 3)
        town.clock.now = MORNING + timedelta(minutes=minute)
        received[town.submit(("AEN", "AEM")[number % 2], last_name="Nuñez")] = minute
    town.clock.now = MORNING + timedelta(days=1)
    expected = sorted(received, key=received.__getitem__, reverse=sort.startswith("-"))
    assert listed(town, section="service", words=("nunez",), sort=sort, size=100) == expected
    found, further = [], pages(town, section="service", words=("nunez",), sort=sort, size=15)
    for turned, page in enumerate(further):
        found += page
        if not turned:
            for reference in (expected[0], expected[14], expected[20], expected[-1]):
                town.act(reference, lea, "take_in_charge")
                town.act(reference, lea, "close", "traitee")
    assert found == [reference for reference in expected if reference not in (expected[20], expected[-1])]


def test_a_search_by_name_and_days_begins_at_its_first_day(town: Town) -> None:
    received = {}
    for number in range(FEW + 5):
        town.clock.now = MORNING + timedelta(hours=-number)
        received[town.submit("AEN", last_name="Nuñez")] = town.clock.now
    begin, end = MORNING - timedelta(hours=FEW), MORNING - timedelta(hours=3)
    expected = [reference for reference, at in reversed(received.items()) if begin <= at < end]
    within = {"received_from": begin, "received_before": end, "words": ("nunez",)}
    assert [one for page in pages(town, size=20, **within) for one in page] == expected


def test_all_results_are_counted_as_far_as_asked(town: Town) -> None:
    lea = town.agent("lea", CIVIL)
    for number in range(7):
        reference = town.submit(("AEN", "AEM")[number % 2], last_name="Nuñez" if number < 3 else "Martin")
        if number > 4:
            town.act(reference, lea, "take_in_charge")
    counted = town.installation.lists.number
    for criteria, expected in (
        (Criteria("untreated"), 5),
        (Criteria("untreated", procedure="AEN"), 3),
        (Criteria("in_progress"), 2),
        (Criteria("on_hold"), 0),
        (Criteria("service"), 7),
        (Criteria("service", status="EN_COURS_DE_TRAITEMENT"), 2),
        (Criteria("service", agent="lea", procedure="AEM"), 1),
        (Criteria("service", service="Urbanisme et domaine public"), 0),
        (Criteria("service", words=("nunez",)), 3),
        (Criteria("untreated", words=("nunez",), procedure="AEM"), 1),
        (Criteria("untreated", words=("durand",)), 0),
    ):
        assert counted(criteria, LEA, town.clock(), 100) == expected, criteria
        assert len(town.installation.lists.page(criteria, LEA, town.clock()).rows) == expected, criteria
        assert counted(criteria, LEA, town.clock(), 2) == min(expected, 2)
        assert counted(criteria, STRANGER, town.clock(), 100) == 0


def test_a_service_is_a_criterion_of_every_list(town: Town) -> None:
    town.agent("lea", CIVIL)
    reference = town.submit("AEN")
    for section in ("untreated", "service"):
        assert listed(town, section=section, service=CIVIL) == [reference]
        assert listed(town, section=section, service="Scolaire") == []
        assert listed(town, section=section, service=CIVIL, words=("dubois",)) == [reference]
        assert listed(town, section=section, service="Scolaire", words=("dubois",)) == []


def test_demands_on_hold_are_sorted_by_since_when_they_wait(town: Town) -> None:
    lea, references = town.agent("lea", CIVIL), [town.submit("AEN") for _ in range(5)]
    for reference in references:
        town.act(reference, lea, "take_in_charge")
    waiting = references[::2] + references[1::2]
    for reference in waiting:
        town.clock.move(hours=1)
        town.act(reference, lea, "put_on_hold", "autre")
    for sort, expected in (("since", waiting), ("-since", waiting[::-1])):
        found = [one for page in pages(town, section="on_hold", sort=sort, size=2) for one in page]
        assert found == expected


def test_a_reference_is_known_while_open_and_when_finished(town: Town) -> None:
    lea, first, second = town.agent("lea", CIVIL), town.submit("AEN"), town.submit("AEM")
    town.act(first, lea, "take_in_charge")
    town.act(first, lea, "close", "traitee")
    known = town.installation.lists.written_so([first, second, "AEN-0000-0000-0000"])
    assert sorted(known) == sorted([first, second])
    assert town.installation.lists.written_so([]) == []


def test_nothing_is_found_once_the_demand_is_closed(town: Town) -> None:
    lea, reference = town.agent("lea", CIVIL), town.submit("AEN", last_name="Nuñez")
    town.act(reference, lea, "take_in_charge")
    assert listed(town, section="service", words=("nunez",)) == [reference]
    town.act(reference, lea, "close", "traitee")
    assert listed(town, section="service", words=("nunez",)) == []


def test_the_name_in_a_row_opens_with_the_demands_own_key(town: Town) -> None:
    town.submit("AEN", last_name="Nuñez", first_name="Zoé")
    row = town.installation.lists.page(Criteria("untreated"), LEA, town.clock()).rows[0]
    key = town.installation.keyring.keys([row.demand_id])[row.demand_id]
    text = key.open(Sealed(row.applicant or b""), place(row.demand_id, 1, "applicant"))
    assert read_applicant(text).short_name == "NUÑEZ Zoé"


@pytest.mark.parametrize("cursor", ["x", "!!", "W10", "A" * 300, "WyJkdWUiLDEsMV0"])
def test_a_cursor_from_elsewhere_is_refused(town: Town, cursor: str) -> None:
    with pytest.raises(BadCursor):
        town.installation.lists.page(Criteria("untreated", cursor=cursor), LEA, town.clock())


def test_a_name_is_not_found_in_a_procedure_whose_content_may_not_be_read(town: Town) -> None:
    reference = town.submit("AEN", last_name="Nuñez")
    hidden = Scope("max", ("AED",), (CIVIL,), (CIVIL,), ("AEN",))
    assert listed(town, hidden, section="service") == [reference]
    assert listed(town, hidden, section="service", words=("nunez",)) == []


class RebuildsAfterwards:
    """A keyring during whose answer the read models are built again and flipped."""

    def __init__(self, town: Town) -> None:
        self._town, self._keyring = town, town.installation.keyring
        self.rebuilt = 0

    def keys(self, owners: Iterable[UUID]) -> Mapping[UUID, DataKey]:
        found, installation = self._keyring.keys(owners), self._town.installation
        rebuild(installation.stores, installation.calendars, self._town.clock())
        self.rebuilt += 1
        return found


@only_sqlite
def test_a_search_whose_read_models_are_replaced_meanwhile_finds_all_the_same(town: Town) -> None:
    reference, keyring = town.submit("AEN", last_name="Nuñez"), RebuildsAfterwards(town)
    lists = Lists(town.installation.stores.views, keyring)  # type: ignore[arg-type]  # what a search asks of it
    page = lists.page(Criteria("untreated", words=("nunez",)), LEA, town.clock())
    assert ([row.reference for row in page.rows], keyring.rebuilt) == ([reference], 1)
    assert listed(town, words=("nunez",)) == [reference]
