"""Whether the history is whole; problems are sentences that repeat nothing personal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import msgspec
from eventsourcing.persistence import StoredEvent
from sqlalchemy import BigInteger, Engine, bindparam, inspect, select

from domain.agent import Agent
from domain.demand import Demand
from domain.facts import Fact, FirstFact, UnreadableFact
from domain.instants import micros
from domain.procedure import Procedure
from domain.references import demand_id, stream_id
from domain.status import FINISHED
from domain.townhall import TOWNHALL_ID
from store.events import stored_events
from store.mapper import FactMapper

MOST: Final = 100
_CHUNK: Final = 2_000
_STREAMS: Final = (
    select(*(stored_events.c[name] for name in ("originator_id", "originator_version", "topic", "state")))
    .where(stored_events.c.notification_id <= bindparam("head", type_=BigInteger))
    .order_by(stored_events.c.originator_id, stored_events.c.originator_version)
    .execution_options(yield_per=_CHUNK)
)
_GAPS: Final = (
    "SELECT before + 1, id - 1 FROM (SELECT notification_id AS id, "
    "LAG(notification_id, 1, 0) OVER (ORDER BY notification_id) AS before FROM stored_events) WHERE id > before + 1"
)
_LAST: Final = "SELECT seq FROM sqlite_sequence WHERE name='stored_events'"


class Findings(msgspec.Struct):
    """What a verification saw; ``--json`` prints it with ``ok``."""

    facts: int = 0
    demands: int = 0
    problems: list[str] = []
    left_out: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def note(self, problem: str) -> None:
        """Add a problem; past a hundred they are only counted."""
        if len(self.problems) < MOST:
            self.problems.append(problem)
        else:
            self.left_out += 1


def check_store(name: str, engine: Engine, findings: Findings) -> None:
    """SQLite's own check of a file; on PostgreSQL every value is read, so that its checksums speak up."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            for table in inspect(connection).get_table_names():
                connection.exec_driver_sql(f"SELECT count(t::text) FROM {table} AS t")  # noqa: S608 — our own names
            return
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if line != "ok":
                findings.note(f"magasin {name} : {line}")


def check_numbers(engine: Engine, findings: Findings) -> None:
    """SQLite numbers facts without a gap, so that a missing one shows; PostgreSQL's conflicts leave gaps."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        last = connection.exec_driver_sql(_LAST).scalar() or 0
        head = connection.exec_driver_sql("SELECT MAX(notification_id) FROM stored_events").scalar() or 0
        for first, end in connection.exec_driver_sql(_GAPS).fetchmany(MOST):
            findings.note(f"faits {first} à {end} : manquants")
    if head < last:
        findings.note(f"faits {head + 1} à {last} : manquants à la fin")


class HistoryCheck:
    """Reads every stored fact up to a head, subject by subject, and folds the demands again."""

    def __init__(self, engine: Engine, findings: Findings, advance: Callable[[int], None]) -> None:
        self._engine, self._findings, self._advance = engine, findings, advance
        self._mapper = FactMapper()
        self.finished: dict[UUID, datetime] = {}

    def run(self, head: int, active: frozenset[UUID]) -> None:
        """Note every problem; ``finished`` then says when those ended whose key is among the ``active`` ones."""
        with self._engine.connect() as connection:
            rows = connection.execute(_STREAMS, {"head": head})
            for identity, group in groupby(_stored(rows), key=lambda stored: stored.originator_id):
                self._check_subject(identity, list(group), active)

    def _check_subject(self, identity: UUID, stored: list[StoredEvent], active: frozenset[UUID]) -> None:
        self._findings.facts += len(stored)
        self._advance(len(stored))
        versions = [event.originator_version for event in stored]
        for expected, found in enumerate(versions, start=1):
            if found != expected:
                self._findings.note(f"{identity} : version {expected} manquante ({found} trouvée)")
                break
        facts = [fact for event in stored if (fact := self._decoded(event)) is not None]
        if len(facts) < len(stored):
            return
        if not isinstance(facts[0], FirstFact) or _identity_of(facts[0]) != identity:
            self._findings.note(f"{identity} : l’histoire ne commence pas par son premier fait ({facts[0].name})")
        elif isinstance(facts[0], Demand.Submitted):
            self._findings.demands += 1
            self._check_demand(facts, active)

    def _decoded(self, stored: StoredEvent) -> Fact | None:
        try:
            fact: Fact = self._mapper.to_domain_event(stored)
        except (UnreadableFact, TypeError):  # a state that became text is no state
            place = f"{stored.originator_id} version {stored.originator_version}"
            self._findings.note(f"{place} : fait illisible ({stored.topic[:60]})")
            return None
        return fact

    def _check_demand(self, facts: Sequence[Fact], active: frozenset[UUID]) -> None:
        demand: Any = None
        for fact in facts:
            place = f"{facts[0].reference} version {fact.originator_version}"  # type: ignore[attr-defined]  # Submitted
            if not isinstance(fact, Demand.Event) or (demand is not None and demand.status not in fact.comes_from):
                status = demand.status if demand is not None else "inconnue"
                self._findings.note(f"{place} : {fact.name} impossible pour une demande {status}")
                return
            if demand is not None and micros(fact.timestamp) < micros(demand.modified_on):
                self._findings.note(f"{place} : {fact.name} précède le fait d’avant")
            demand = fact.mutate(demand)
        if demand.status in FINISHED:
            if demand.erased_at is None:
                self._findings.note(f"{demand.reference} : terminée sans effacement des données personnelles")
            if demand.id in active:
                self.finished[demand.id] = demand.modified_on


def _identity_of(fact: FirstFact) -> UUID | None:
    """The identity that the first fact itself implies: a history moved elsewhere shows."""
    match fact:
        case Demand.Submitted():
            return demand_id(fact.reference)
        case Agent.Registered():
            return stream_id("agent", fact.code)
        case Procedure.Defined():
            return stream_id("procedure", fact.definition.code)
        case _:
            return TOWNHALL_ID


def _stored(rows: Iterable[Any]) -> Iterator[StoredEvent]:
    for identity, version, topic, state in rows:
        yield StoredEvent(identity, version, topic, state)
