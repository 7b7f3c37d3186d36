"""The town hall's office: where every command and every reading of a demand begins."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Self
from uuid import UUID

from domain.agent import Agent
from domain.definition import Definition
from domain.demand import Demand
from domain.directory import Directory
from domain.dossier import Dossier
from domain.drafts import draft, values
from domain.errors import NotAllowed, UnknownDemand
from domain.facts import Command, fold
from domain.handle import DemandHandle, check_version
from domain.intake import Intake
from domain.letters import LetterKind, outgoing
from domain.ports import History, Outgoing
from domain.references import demand_id, read_reference
from domain.sealing import DataKey, Keyring

_NOT_READ: Final[Mapping[str, Demand]] = MappingProxyType({})


class Office:
    """Binds the rules to a history and a keyring; ``saved`` is called after every save, ``zone`` is the town's.

    ``fingerprint(client, key)`` is a keyed hash of an intake key; ``random_bits(n)`` gives n random bits.
    """

    def __init__(
        self,
        history: History,
        keyring: Keyring,
        *,
        zone: tzinfo,
        fingerprint: Callable[[str, str], bytes],
        random_bits: Callable[[int], int],
        saved: Callable[[], None] = lambda: None,
    ) -> None:
        self.history, self.keyring, self.zone = history, keyring, zone
        self.fingerprint, self.random_bits, self.saved = fingerprint, random_bits, saved
        self.directory = Directory(history, saved)
        self.intake = Intake(self)

    def at_once(self) -> Self:
        """The same office for one job on many demands, which reads what is configured once."""
        again = copy(self)
        again.directory = self.directory.still()
        return again

    @contextmanager
    def demand(
        self, reference: str, *, by: Agent, command: Command, version: int | None = None
    ) -> Iterator[DemandHandle]:
        """A demand in an agent's hands, saved when the block ends well.

        Raises UnknownDemand outside his services and procedures, NotAllowed where he may only look, OutOfDate when
        another agent acted after ``version``, Overtaken when another agent was recorded first.
        """
        handle = self.in_hand(reference, by=by, command=command, version=version)
        yield handle
        handle.save()

    def in_hand(
        self,
        reference: str,
        *,
        by: Agent,
        command: Command,
        version: int | None = None,
        read: Mapping[str, Demand] = _NOT_READ,
    ) -> DemandHandle:
        """The same, for whoever records it together with others, and has ``read`` them together."""
        demand, definition = self._load(reference, by, read)
        if not (by.active and by.rights.processes(definition)):
            raise NotAllowed("process", demand.reference)
        handle = DemandHandle(self, demand, command, by)
        check_version(demand, version, by.code)
        return handle

    @contextmanager
    def reassignment(
        self, reference: str, *, by: Agent, command: Command, version: int | None = None
    ) -> Iterator[DemandHandle]:
        """A demand to give to somebody else: open to all who see the service's demands."""
        demand, definition = self._load(reference, by)
        if not (by.active and (by.rights.oversees(demand.service) or by.rights.processes(definition))):
            raise NotAllowed("reassign", demand.reference)
        handle = DemandHandle(self, demand, command, by)
        check_version(demand, version, by.code)
        yield handle
        handle.save()

    @contextmanager
    def demand_of_job(self, identity: UUID, command: Command) -> Iterator[DemandHandle]:
        """A demand in the hands of a job of the system: no rights, and it decides again as often as it must."""
        demand = self.history.load(Demand, identity)
        if demand is None:
            raise UnknownDemand(str(identity))
        handle = DemandHandle(self, demand, command, None)
        yield handle
        handle.save()

    def dossier(self, reference: str, reader: Agent | None) -> Dossier:
        """A demand to read; values stay sealed for a reader without the right, and for None."""
        reference = read_reference(reference)
        facts = self.history.facts(demand_id(reference))
        demand: Demand | None = fold(facts)
        if demand is None:
            raise UnknownDemand(reference)
        procedure = self.directory.procedure(demand.procedure)
        if reader is not None and not reader.rights.sees(procedure.definition):
            raise UnknownDemand(reference)
        readable = reader is not None and reader.active and reader.rights.reads(procedure.definition)
        return Dossier(demand, facts, procedure, lambda: self._key(demand.id) if readable else None)

    def draft(self, dossier: Dossier, kind: LetterKind, agent_name: str, known: dict[str, str]) -> tuple[str, str]:
        """Subject and body of a letter before the agent edits it; ``known`` adds issue and commentaire."""
        demand = dossier.demand
        filled = values(
            demand.reference,
            dossier.definition,
            self.directory.townhall(),
            demand.submitted_at,
            self.zone,
            dossier.applicant,
            agent_name,
        )
        return draft(dossier.definition, kind, filled | known)

    def outgoing(self, mail_id: UUID, demand_id: UUID, kind: str, letter: str, at: datetime) -> Outgoing:
        """A letter for the outbox, sealed under a key of its own."""
        key = self.keyring.mint([mail_id], "mail", at)[mail_id]
        return outgoing(key, mail_id, demand_id, kind, letter, at)

    def read(self, references: Iterable[str]) -> Mapping[str, Demand]:
        """Demands by the references that name them, read together; what is not found, or named again, is left out."""
        identities: dict[str, UUID] = {}
        for reference in references:
            with suppress(UnknownDemand):
                identities[reference] = demand_id(read_reference(reference))
        found = dict(self.history.load_all(Demand, identities.values()))
        return {reference: found.pop(identity) for reference, identity in identities.items() if identity in found}

    def _load(self, reference: str, by: Agent, read: Mapping[str, Demand] = _NOT_READ) -> tuple[Demand, Definition]:
        demand = read.get(reference) or self._find(reference)
        definition = self.directory.definition(demand.procedure)
        if not by.rights.sees(definition):
            raise UnknownDemand(demand.reference)
        return demand, definition

    def _find(self, reference: str) -> Demand:
        reference = read_reference(reference)
        demand = self.history.load(Demand, demand_id(reference))
        if demand is None:
            raise UnknownDemand(reference)
        return demand

    def _key(self, identity: UUID) -> DataKey | None:
        return self.keyring.keys([identity]).get(identity)
