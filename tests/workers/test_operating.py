"""Many demands at once: each is decided once whatever dies in between, by the rights of the moment it is done."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy.exc

from domain.agent import Agent
from domain.bulk import JOB, Action, Asked
from domain.demand import Demand
from domain.facts import Command
from domain.handle import DemandHandle
from domain.letters import Letter, Template
from domain.references import demand_id
from domain.rights import Rights, Role
from domain.sealing import Sealed, place
from store.operations import Operation, Operations
from tests.databases import only_sqlite
from tests.installations import Town
from workers import operating
from workers.operating import GIVEN_UP_AFTER, KEPT_FOR, LEASE, UNUSED_AFTER, Operator

CIVIL = "État civil"
IDENTITY = UUID(int=7)


class Killed(BaseException):
    """The process dies here."""


class Work:
    """A town hall with Camille, Luc and an operator."""

    def __init__(self, directory: Path, server: str) -> None:
        self.town = Town(directory / "var", kind="postgres" if server else "sqlite")
        self.installation, self.office, self.clock = self.town.installation, self.town.office, self.town.clock
        self.operations: Operations = self.installation.operations
        self.keyring = self.installation.keyring
        self.camille, self.luc = self.town.agent("camille", CIVIL), self.town.agent("luc", CIVIL)
        self.operator = self.another()

    def another(self) -> Operator:
        """An operator in another process."""
        return Operator(self.office, self.operations, self.keyring, self.clock)

    def taken(self, number: int, by: Agent | None = None, **applicant: Any) -> list[str]:
        references = []
        for _ in range(number):
            reference = self.town.submit(**applicant)
            self.town.act(reference, by or self.camille, "take_in_charge")
            references.append(reference)
        return references

    def ask(self, action: str, references: list[str], identity: UUID = IDENTITY, **fields: Any) -> UUID:
        key = self.keyring.mint([identity], JOB, self.clock())[identity]
        details = Asked(**fields).sealed(key, identity)
        asked = Operation(identity, "camille", action, len(references), self.clock(), "/demandes/en-cours", details)
        assert self.operations.add(asked, references)
        return identity

    def close(self, references: list[str], **fields: Any) -> UUID:
        return self.ask("close", references, **({"outcome": "traitee"} | fields))

    def carry_out(self) -> Operation:
        while self.operator.turn():
            pass
        return self.found()

    def found(self, identity: UUID = IDENTITY) -> Operation:
        found = self.operations.find(identity)
        assert found is not None
        return found

    def demand(self, reference: str) -> Demand:
        return self.office.dossier(reference, None).demand

    def facts(self, reference: str) -> list[str]:
        return [fact.name for fact in self.office.dossier(reference, None).facts]

    def reasons(self) -> dict[str, tuple[str, str | None]]:
        return {one.reference: (one.result, one.detail) for one in self.operations.results(IDENTITY, 1_000)}

    def has_key(self, owner: UUID = IDENTITY) -> bool:
        return bool(self.keyring.keys([owner]))

    def letter(self, reference: str) -> Letter:
        """The closing letter as it waits in the outbox."""
        facts = self.office.dossier(reference, None).facts
        mail_id = next(f.mail_id for f in facts if isinstance(f, Demand.MailRequested) and f.kind == "closure")
        box = next(mail.letter for mail in self.installation.outbox.latest(1_000) if mail.mail_id == mail_id)
        assert box is not None
        text = self.keyring.keys([mail_id])[mail_id].open(Sealed(box), place(mail_id, 0, "letter"))
        return msgspec.json.decode(text, type=Letter)


@pytest.fixture
def work(tmp_path: Path, kind: str) -> Iterator[Work]:
    opened = Work(tmp_path, "postgres" if kind == "postgres" else "")
    yield opened
    opened.town.close()


def test_every_demand_is_closed_once_and_the_key_of_the_operation_goes(work: Work, monkeypatch: Any) -> None:
    monkeypatch.setitem(operating.GROUPS, "close", 3)
    references = work.taken(7)
    work.close(references, comment="Remis")
    assert work.operator.turn()
    halfway = work.found()
    assert (halfway.handled, halfway.total, halfway.ended_at) == (3, 7, None)
    assert work.has_key()
    ended = work.carry_out()
    assert (ended.handled, ended.failed, ended.details) == (7, 0, None)
    assert ended.ended_at == work.clock()
    assert not work.has_key()
    for reference in references:
        assert work.facts(reference)[-3:] == ["Closed", "MailDeclined", "PersonalDataErased"]
        assert not work.has_key(demand_id(reference))
    assert not work.operator.turn()


def test_each_refusal_has_its_reason_and_the_others_are_done(work: Work) -> None:
    mine, waiting = work.taken(1)[0], work.town.submit()
    gone = work.taken(1)[0]
    work.town.act(gone, work.luc, "close", "traitee")
    foreign = work.town.submit("CAN")
    work.close([mine, waiting, gone, foreign, "AEN-0000-0000-0000"])
    ended = work.carry_out()
    assert (ended.handled, ended.failed) == (5, 4)
    assert work.reasons() == {
        waiting: ("status", "NON_TRAITEE"),
        gone: ("status", "CLOTUREE"),
        foreign: ("unknown", None),
        "AEN-0000-0000-0000": ("unknown", None),
    }
    assert work.demand(mine).status == "CLOTUREE"


def test_who_acted_since_the_operation_was_asked_is_named(work: Work) -> None:
    mine, held, his = work.taken(3)
    work.close([mine, held, his])
    work.clock.move(minutes=1)
    work.town.act(his, work.luc, "close", "traitee")
    work.town.act(held, work.luc, "put_on_hold", "autre")
    work.town.act(mine, work.camille, "put_on_hold", "autre")
    work.carry_out()
    assert work.reasons() == {
        his: ("overtaken", "luc"),
        held: ("overtaken", "luc"),
        mine: ("status", "EN_ATTENTE"),
    }


@only_sqlite
def test_letters_are_written_for_each_citizen_and_only_those_with_an_address_get_one(work: Work) -> None:
    (told,) = work.taken(1, last_name="Nuñez", first_name="Zoé", civility="Mme")
    (untold,) = work.taken(1, email=None)
    text = Template("Fin de {reference}", "{usager} : {issue}. {commentaire} {agent}")
    work.close([told, untold], comment="Au guichet {issue}.", letter=True, template=text)
    assert work.carry_out().failed == 0
    assert work.letter(told) == Letter(
        "marie.dubois@example.org", f"Fin de {told}", "Mme Zoé Nuñez : Traitée. Au guichet {issue}. Camille\n"
    )
    assert "MailDeclined" in work.facts(untold)


@only_sqlite
def test_without_a_text_for_all_each_procedure_has_its_own(work: Work) -> None:
    (birth,) = work.taken(1)
    work.close([birth], letter=True)
    work.carry_out()
    assert work.letter(birth).subject == f"Votre demande {birth} est close"  # the catalogue's text for AEN


def test_reassignment_tells_who_has_it_already_and_who_cannot(work: Work) -> None:
    mine, his = work.taken(1)[0], work.taken(1, by=work.luc)[0]
    closed = work.taken(1)[0]
    work.town.act(closed, work.camille, "close", "traitee")
    work.ask("reassign", [mine, his, closed], agent="luc", note="Absente")
    assert work.carry_out().failed == 2
    assert work.reasons() == {his: ("same_agent", "luc"), closed: ("status", "CLOTUREE")}
    assert work.demand(mine).owner == "luc"


def test_only_a_head_reassigns_by_the_lot_what_others_follow(work: Work) -> None:
    his, untreated = work.taken(1, by=work.luc)[0], work.town.submit()
    work.ask("reassign", [his, untreated], agent="camille")
    work.carry_out()
    assert work.reasons() == {his: ("not_allowed", None), untreated: ("not_allowed", None)}
    assert (work.demand(his).owner, work.demand(untreated).owner) == ("luc", None)
    rights = Rights(frozenset({Role.HEAD}), frozenset({CIVIL}))
    work.office.directory.change_rights(work.town.command("system:test"), "camille", rights)
    work.ask("reassign", [his, untreated], agent="camille", identity=UUID(int=8))
    work.carry_out()
    assert [work.demand(reference).owner for reference in (his, untreated)] == ["camille", "camille"]


@only_sqlite
def test_who_lost_his_rights_meanwhile_gets_no_demand(work: Work) -> None:
    (mine,) = work.taken(1)
    work.ask("reassign", [mine], agent="luc")
    work.office.directory.activate_agent(work.town.command("system:test"), "luc", active=False)
    work.carry_out()
    assert work.reasons() == {mine: ("not_able", "luc")}


@only_sqlite
def test_an_event_is_added_to_each_in_any_open_status(work: Work) -> None:
    references = [*work.taken(2), work.town.submit()]
    work.ask("add_event", references, event_type="appel_usager", comment="Rappelé")
    assert work.carry_out().failed == 0
    for reference in references:
        assert work.facts(reference).count("EventAdded") == 1
    dossier = work.office.dossier(references[0], work.camille)
    assert dossier.opened(dossier.facts[-1], "comment") == "Rappelé"


@only_sqlite
def test_an_agent_who_left_has_nothing_done_any_more(work: Work, monkeypatch: Any) -> None:
    monkeypatch.setitem(operating.GROUPS, "close", 1)
    first, second = work.taken(2)
    work.close([first, second])
    work.operator.turn()
    work.office.directory.activate_agent(work.town.command("system:test"), "camille", active=False)
    work.carry_out()
    assert work.reasons() == {second: ("inactive", None)}
    assert work.demand(second).status == "EN_COURS_DE_TRAITEMENT"


@only_sqlite
def test_a_code_that_is_offered_no_more_is_a_reason(work: Work) -> None:
    (mine,) = work.taken(1)
    work.close([mine], outcome="inconnue")
    work.carry_out()
    assert work.reasons() == {mine: ("code", None)}


@pytest.mark.parametrize("action", ["close", "reassign", "add_event"])
def test_a_worker_that_dies_before_its_results_is_followed_and_nothing_happens_twice(
    work: Work, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(operating.GROUPS, Action(action), 2)
    references = work.taken(3)
    fields: dict[str, dict[str, Any]] = {
        "close": {"outcome": "traitee", "letter": True},
        "reassign": {"agent": "luc"},
        "add_event": {"event_type": "appel_usager"},
    }
    work.ask(action, references, **fields[action])

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(work.operations, "record", die)
        patch.setattr(work.operations, "give_back", die)
        with pytest.raises(Killed):
            work.operator.turn()
    assert not work.another().turn()
    work.clock.move(seconds=LEASE.total_seconds())
    ended = work.carry_out()
    assert (ended.handled, ended.failed) == (3, 0)
    fact = {"close": "Closed", "reassign": "Reassigned", "add_event": "EventAdded"}[action]
    assert [work.facts(reference).count(fact) for reference in references] == [1, 1, 1]
    if action == "close":
        assert [work.facts(reference).count("MailRequested") for reference in references] == [2, 2, 2]


@only_sqlite
def test_a_worker_that_dies_at_the_end_leaves_its_key_to_the_sweep(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    references = work.taken(1)
    identity = work.close(references)
    destroy = work.keyring.destroy

    def die_at_the_job(owners: Any, at: Any) -> None:
        if list(owners) == [identity]:
            raise Killed
        destroy(owners, at)

    with monkeypatch.context() as patch:
        patch.setattr(work.keyring, "destroy", die_at_the_job)
        with pytest.raises(Killed):
            work.operator.turn()
    assert work.found().ended_at is not None
    assert work.has_key()
    assert work.operator.sweep(work.clock()) == 1
    assert not work.has_key()


def test_the_sweep_keeps_the_key_of_what_is_under_way_and_discards_what_was_never_asked(work: Work) -> None:
    work.close(work.taken(1))
    never = UUID(int=8)
    work.keyring.mint([never], JOB, work.clock())
    assert work.operator.sweep(work.clock()) == 0
    work.clock.move(seconds=UNUSED_AFTER.total_seconds() + 1)
    assert work.operator.sweep(work.clock()) == 1
    assert work.has_key()
    assert not work.has_key(never)


@only_sqlite
def test_an_operation_whose_key_is_gone_is_given_up_and_says_so(work: Work) -> None:
    references = work.taken(2)
    work.close(references)
    work.keyring.destroy([IDENTITY], work.clock())
    ended = work.carry_out()
    assert (ended.handled, ended.failed, ended.details) == (2, 2, None)
    assert set(work.reasons().values()) == {("abandoned", None)}
    assert work.demand(references[0]).status == "EN_COURS_DE_TRAITEMENT"


@only_sqlite
def test_what_cannot_be_done_for_a_day_is_given_up_with_its_texts(work: Work) -> None:
    work.close(work.taken(1), comment="Remis")
    work.clock.move(seconds=GIVEN_UP_AFTER.total_seconds())
    ended = work.carry_out()
    assert (ended.failed, ended.details) == (1, None)
    assert not work.has_key()


@only_sqlite
def test_a_store_out_of_order_is_waited_for(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    work.close(work.taken(1))

    def broken(*_: object, **__: object) -> None:
        raise sqlalchemy.exc.OperationalError("select", {}, Exception("disk"))

    with monkeypatch.context() as patch:
        patch.setattr(operating, "close_all", broken)
        with pytest.raises(sqlalchemy.exc.OperationalError):
            work.operator.turn()
    assert not work.operator.turn()
    work.clock.move(seconds=operating.AGAIN_AFTER.total_seconds())
    assert work.carry_out().failed == 0


@only_sqlite
def test_a_fault_of_ours_leaves_one_demand_aside_and_no_other(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    references = work.taken(3)
    work.close(references)
    close = DemandHandle.close

    def faulty(handle: DemandHandle, *arguments: Any) -> None:
        if handle.demand.reference == references[1]:
            raise KeyError
        close(handle, *arguments)

    monkeypatch.setattr(DemandHandle, "close", faulty)
    assert work.carry_out().failed == 1
    assert work.reasons() == {references[1]: ("error", None)}


@only_sqlite
def test_old_operations_are_forgotten(work: Work) -> None:
    work.close(work.taken(1))
    work.carry_out()
    work.clock.move(seconds=KEPT_FOR.total_seconds() + 1)
    work.operator.sweep(work.clock())
    assert work.operations.find(IDENTITY) is None


@only_sqlite
def test_the_loop_begins_at_once_when_woken_and_outlives_a_broken_store(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, stopping, failures = Event(), Event(), [True]
    turn = work.operator.turn

    def watched() -> bool:
        if failures:
            failures.pop()
            work.operator.wake.set()
            raise OSError
        if not turn():
            if work.operations.latest("camille", 1):
                ended.set()
            return False
        return True

    monkeypatch.setattr(work.operator, "turn", watched)
    loop = Thread(target=work.operator.run, args=(stopping,))
    loop.start()
    work.close(work.taken(2))
    work.operator.wake.set()
    assert ended.wait(20)
    stopping.set()
    work.operator.wake.set()
    loop.join(20)
    assert work.found().handled == 2


@only_sqlite
def test_the_keys_of_a_groups_letters_are_minted_together(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    references, mint, minted = work.taken(4), work.keyring.mint, list[int]()

    def counted(owners: Any, kind: str, at: Any) -> Any:
        wanted = list(owners)
        minted.append(len(wanted))
        return mint(wanted, kind, at)

    work.close(references, letter=True)
    monkeypatch.setattr(work.keyring, "mint", counted)
    assert work.carry_out().failed == 0
    assert minted == [4]
    assert [work.letter(reference).recipient for reference in references] == ["marie.dubois@example.org"] * 4


@only_sqlite
def test_a_letter_that_another_worker_sent_already_is_not_written_again(work: Work) -> None:
    sent, unsent = work.taken(2)
    work.close([sent, unsent], letter=True)
    command = Command("agent:camille", work.clock(), str(IDENTITY))
    with work.office.demand(sent, by=work.camille, command=command) as demand:
        demand.close("traitee", None, ("Sujet", "Corps"))
    facts = work.office.dossier(sent, None).facts
    mail_id = next(f.mail_id for f in facts if isinstance(f, Demand.MailRequested) and f.kind == "closure")
    work.installation.outbox.finish(mail_id, "sent", work.clock())
    work.keyring.destroy([mail_id], work.clock())
    assert work.carry_out().failed == 0
    assert work.facts(sent).count("Closed") == work.facts(unsent).count("Closed") == 1
    assert work.letter(unsent).subject == f"Votre demande {unsent} est close"
