"""Import of histories: facts keep their own dates, the state machine holds, rights do not, and no mail leaves."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from domain.applicant import written_applicant
from domain.definition import Definition
from domain.demand import Demand
from domain.errors import AlreadyExists, Refused, UnknownAgent, UnknownProcedure
from domain.facts import Command, Fact
from domain.letters import Silence
from domain.ports import LostRace
from domain.references import demand_id, new_reference
from domain.rights import Rights, Role
from domain.sealing import DataKey, Sealed, place
from domain.townhall import Term, is_clear_code
from suivi.histories import BadLine, History, Step, read_history
from suivi.sentences import sentence

if TYPE_CHECKING:
    from suivi.compose import Installation

BATCH: Final = 50
CLIENT: Final = "import"
SERVICE: Final = "Import"
_TRIES: Final = 50
"""For what another import creates at the same moment; one of both gets on each time."""
_VOCABULARY: Final = {"event_type": "event_type", "reason": "reason", "outcome": "outcome"}
_NEEDED: Final = {"add_event": "event_type", "put_on_hold": "reason", "reassign": "to"}


class RefusedLine(msgspec.Struct, frozen=True):
    """A line that was left out, and why."""

    line: int
    reason: str


class Report(msgspec.Struct):
    """What an import did; ``--json`` prints it as it stands."""

    read: int = 0
    imported: int = 0
    already_present: int = 0
    refused: list[RefusedLine] = []


class _Prepared(msgspec.Struct):
    """A line that holds, ready to be recorded."""

    line: int
    history: History
    fingerprint: bytes
    reference: str

    @property
    def identity(self) -> UUID:
        return demand_id(self.reference)

    @property
    def closed(self) -> bool:
        return any(step.action == "close" for step in self.history.history)


class Import:
    """Reads lines, fifty at a time: one transaction for their keys, one for their facts."""

    def __init__(self, installation: "Installation", *, create_missing: bool) -> None:
        self._installation, self._create_missing = installation, create_missing
        self._office, self._directory = installation.office, installation.office.directory
        self._known: set[tuple[str, str]] = set()
        self._seen: set[bytes] = set()
        self.report = Report(refused=[])

    def run(self, lines: Iterable[bytes], progress: Callable[[int], None] = lambda _: None) -> Report:
        """Import every line that holds; ``progress`` is told how many lines were read."""
        for batch in _batches(lines):
            self._record([ready for number, line in batch if (ready := self._prepare(number, line))])
            self._installation.catch_up()
            progress(len(batch))
        return self.report

    def _prepare(self, number: int, line: bytes) -> _Prepared | None:
        self.report.read += 1
        try:
            history = read_history(line)
            _refuse_future(history, self._installation.clock())
            fingerprint = self._office.intake.fingerprint_of(CLIENT, history.external_id)
            if fingerprint in self._seen or self._office.history.references([fingerprint]):
                self.report.already_present += 1
                return None
            reference = new_reference(history.procedure, self._office.random_bits)
            prepared = _Prepared(number, history, fingerprint, reference)
            self._rehearse(prepared)
        except (BadLine, Refused) as error:
            reason = sentence(error) if isinstance(error, Refused) else str(error)
            self.report.refused.append(RefusedLine(number, reason))
            return None
        self._seen.add(fingerprint)
        return prepared

    def _rehearse(self, prepared: _Prepared) -> None:
        """Play the line against the state machine before anything is created for it."""
        key = self._office.keyring.passing()
        self._play(prepared, key, service=SERVICE, form_version=1)
        for kind, name in _names(prepared.history):
            self._require(kind, name)

    def _record(self, batch: list[_Prepared]) -> None:
        """Together, save what another import of the same lines records at this moment."""
        while batch:
            try:
                self._append(batch)
            except LostRace:
                left = self._not_there_yet(batch)
                if len(left) == len(batch):
                    raise
                batch = left
            else:
                return

    def _not_there_yet(self, batch: list[_Prepared]) -> list[_Prepared]:
        there = self._office.history.references([ready.fingerprint for ready in batch])
        self.report.already_present += len(there)
        return [ready for ready in batch if ready.fingerprint not in there]

    def _append(self, batch: list[_Prepared]) -> None:
        at = self._installation.clock()
        keys = self._office.keyring.mint([ready.identity for ready in batch if not ready.closed], "demand", at)
        facts: list[Fact] = []
        for ready in batch:
            procedure = self._directory.procedure(ready.history.procedure)
            key = keys.get(ready.identity) or self._office.keyring.passing()
            facts += self._play(ready, key, service=procedure.definition.service, form_version=procedure.form_version)
        self._office.history.append(facts, intake={ready.fingerprint: ready.reference for ready in batch})
        self.report.imported += len(batch)

    def _play(self, ready: _Prepared, key: DataKey, *, service: str, form_version: int) -> list[Fact]:
        history, identity = ready.history, ready.identity
        person = history.person()
        demand = Demand.submit(
            Command(f"api:{CLIENT}", history.submitted_at, self._command_id(ready, 0)),
            ready.reference,
            procedure=history.procedure,
            form_version=form_version,
            service=service,
            channel=history.channel,
            has_email=bool(person.email),
            applicant=key.seal(written_applicant(person), place(identity, 1, "applicant")),
            answers=key.seal(msgspec.json.encode(history.answers).decode(), place(identity, 1, "answers")),
        )
        for number, step in enumerate(history.history, start=1):
            demand.under(Command(f"agent:{step.agent}", step.at, self._command_id(ready, number)))
            _take_step(demand, step, key)
        return list(demand.collect_events())  # type: ignore[arg-type]  # the library's wider event type

    def _command_id(self, ready: _Prepared, number: int) -> str:
        """Derived from a keyed hash: another system's numbers are not kept in clear."""
        return f"import:{ready.fingerprint.hex()[:24]}:{number}"

    def _require(self, kind: str, name: str) -> None:
        if (kind, name) in self._known:
            return
        for left in reversed(range(_TRIES)):
            try:
                self._require_once(kind, name)
                break
            except (AlreadyExists, LostRace):
                if not left:
                    raise
        self._known.add((kind, name))

    def _require_once(self, kind: str, name: str) -> None:
        if kind == "procedure":
            self._require_procedure(name)
        elif kind == "agent":
            self._require_agent(name)
        else:
            self._require_term(kind, name)

    def _require_procedure(self, code: str) -> None:
        try:
            self._directory.procedure(code)
        except UnknownProcedure:
            if not self._create_missing:
                raise BadLine(f"démarche inconnue : {code} (--create-missing la crée)") from None
            free = Definition(
                code,
                code,
                SERVICE,
                take_delay_days=None,
                close_delay_days=None,
                silence=Silence(None),
                receipt=False,
            )
            self._directory.add_procedure(self._setting("procedure", code), free)

    def _require_agent(self, code: str) -> None:
        try:
            self._directory.agent(code)
        except UnknownAgent:
            if not self._create_missing:
                raise BadLine(f"agent inconnu : {code} (--create-missing le crée, inactif)") from None
            rights = Rights(frozenset({Role.AGENT}))
            self._directory.register_agent(self._setting("agent", code), code, code, rights, active=False)

    def _require_term(self, vocabulary: str, code: str) -> None:
        if code in self._directory.townhall().vocabularies[vocabulary]:
            return
        if not is_clear_code(code):
            raise BadLine(f"{vocabulary} : un code a 80 caractères au plus, sans @ ni suite de 6 chiffres")
        if not self._create_missing:
            raise BadLine(f"{vocabulary} inconnu : {code} (--create-missing l’ajoute)")
        with self._directory.change_townhall(self._setting(vocabulary, code)) as townhall:
            townhall.remember_term(vocabulary, Term(code, code))

    def _setting(self, kind: str, name: str) -> Command:
        identifier = self._installation.random_bytes(16).hex()
        return Command("system:import", self._installation.clock(), f"import:{kind}:{identifier}")


def _refuse_future(history: History, now: datetime) -> None:
    last = max((history.submitted_at, *(step.at for step in history.history)))
    if last > now:
        raise BadLine("une date est dans l’avenir")


def _take_step(demand: Demand, step: Step, key: DataKey) -> None:
    def sealed(text: str | None, field: str) -> Sealed | None:
        return key.seal(text, place(demand.id, demand.version + 1, field)) if text else None

    needed = _NEEDED.get(step.action)
    if needed and getattr(step, needed) is None:
        raise BadLine(f"{step.action} : {needed} manque")
    match step.action:
        case "take_in_charge":
            demand.take_in_charge(letters=False)
        case "add_event":
            demand.add_event(str(step.event_type), sealed(step.comment, "comment"))
        case "put_on_hold":
            demand.put_on_hold(str(step.reason), sealed(step.detail, "detail"))
        case "resume":
            demand.resume()
        case "reassign":
            demand.reassign(str(step.to), sealed(step.note, "note"))
        case "close":
            demand.close(step.outcome, sealed(step.comment, "comment"))
            demand.erase("import", "closed")


def _names(history: History) -> Iterator[tuple[str, str]]:
    """Everything a history names that the town hall must know."""
    yield "procedure", history.procedure
    for step in history.history:
        yield "agent", step.agent
        if step.to is not None:
            yield "agent", step.to
        for field, vocabulary in _VOCABULARY.items():
            name = getattr(step, field)
            if name is not None:
                yield vocabulary, name


def _batches(lines: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            batch.append((number, line))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
