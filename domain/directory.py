"""Who and what the town hall has: agents, procedures and settings, always as the last fact left them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, TypeVar
from uuid import UUID

from domain.agent import Agent
from domain.definition import Definition
from domain.errors import AlreadyExists, UnknownAgent, UnknownProcedure, UnknownService
from domain.facts import Command, Subject
from domain.ports import History, LostRace
from domain.procedure import Procedure
from domain.references import stream_id
from domain.rights import Rights
from domain.shown import Shown, contact_shown, term_shown
from domain.townhall import TOWNHALL_ID, Contact, Settings, Townhall

S = TypeVar("S", bound=Subject)
_TRIES: Final = 5


class Directory:
    """Reads fold only the facts that are new since the last read; commands always replay a fresh subject."""

    def __init__(self, history: History, saved: Callable[[], None]) -> None:
        self._history, self._saved = history, saved
        self._read: dict[UUID, Subject] = {}
        self._lock = Lock()

    def still(self) -> "Directory":
        """The same for a job of a moment: each subject is read once, as it stands then."""
        return _StillDirectory(self._history, self._saved)

    def agent(self, code: str) -> Agent:
        """The agent of this code, active or not; raises UnknownAgent."""
        agent = self._current(Agent, stream_id("agent", code))
        if agent is None:
            raise UnknownAgent(code)
        return agent

    def procedure(self, code: str) -> Procedure:
        """The procedure of this code; raises UnknownProcedure."""
        procedure = self._current(Procedure, stream_id("procedure", code))
        if procedure is None:
            raise UnknownProcedure(code)
        return procedure

    def definition(self, code: str) -> Definition:
        """What is in force for a procedure; raises UnknownProcedure."""
        return self.procedure(code).definition

    def townhall(self) -> Townhall:
        """The town hall; an installation without one yet answers with an unnamed one."""
        townhall = self._current(Townhall, TOWNHALL_ID)
        if townhall is None:
            townhall = object.__new__(Townhall)
            townhall.born()
        return townhall

    def found(self, command: Command, settings: Settings) -> bool:
        """Install the town hall; False, and nothing changed, when it stands already."""
        if self._history.load(Townhall, TOWNHALL_ID) is not None:
            return False
        self._append(Townhall.found(command, settings))
        return True

    def register_agent(self, command: Command, code: str, name: str, rights: Rights, *, active: bool = True) -> None:
        """Let a person join; raises AlreadyExists, UnknownService or Invalid."""
        if self._history.load(Agent, stream_id("agent", code)) is not None:
            raise AlreadyExists("agent", code)
        self._require_known(rights)
        self._append(Agent.register(command, code, name, rights, active=active))

    def change_rights(self, command: Command, code: str, rights: Rights) -> None:
        """Give an agent other rights; raises UnknownAgent, UnknownService or UnknownProcedure."""
        self._require_known(rights)
        with self._change(Agent, stream_id("agent", code), command, UnknownAgent(code)) as agent:
            agent.change_rights(rights)

    def activate_agent(self, command: Command, code: str, *, active: bool) -> None:
        """Give or take an agent's access; raises UnknownAgent."""
        with self._change(Agent, stream_id("agent", code), command, UnknownAgent(code)) as agent:
            agent.activate() if active else agent.deactivate()

    def define_procedure(self, command: Command, definition: Definition) -> bool:
        """Add or revise a procedure, creating its service when needed; True when it is new."""
        definition.check()
        with self.change_townhall(command) as townhall:
            townhall.set_service(definition.service)
        identity = stream_id("procedure", definition.code)
        if self._history.load(Procedure, identity) is None:
            self._append(Procedure.define(command, definition))
            return True
        with self._change(Procedure, identity, command, UnknownProcedure(definition.code)) as procedure:
            procedure.revise(definition)
        return False

    def add_procedure(self, command: Command, definition: Definition) -> None:
        """The same for one that is new; raises AlreadyExists and changes nothing when it stands."""
        if self._history.load(Procedure, stream_id("procedure", definition.code)) is not None:
            raise AlreadyExists("procedure", definition.code)
        definition.check()
        with self.change_townhall(command) as townhall:
            townhall.set_service(definition.service)
        self._append(Procedure.define(command, definition))

    def revise_procedure(self, command: Command, definition: Definition, seen: int) -> None:
        """Put another definition of the same service in force, unless the one shown at version ``seen`` has changed.

        Raises ChangedSince, also when the same agent changed it in another window.
        """
        missing = UnknownProcedure(definition.code)
        identity, shown = stream_id("procedure", definition.code), Shown(seen, "definition")
        self._save(Procedure, identity, command, missing, shown, lambda procedure: procedure.revise(definition))

    def change_settings(self, command: Command, change: Callable[[Settings], Settings], seen: int) -> None:
        """Change what the town decides, unless its settings shown at version ``seen`` have changed; as above."""

        def decide(townhall: Townhall) -> None:
            townhall.change_settings(change(townhall.settings))

        self._save(Townhall, TOWNHALL_ID, command, UnknownService(""), Shown(seen, "settings"), decide)

    def change_contact(self, command: Command, service: str, change: Callable[[Contact], Contact], seen: int) -> None:
        """Change how citizens reach a service, unless its contact shown at version ``seen`` has changed; as above.

        Raises UnknownService: a service comes with its first procedure.
        """

        def decide(townhall: Townhall) -> None:
            if service not in townhall.services:
                raise UnknownService(service, townhall.services)
            townhall.set_service(service, change(townhall.services[service]))

        self._save(Townhall, TOWNHALL_ID, command, UnknownService(service), contact_shown(seen, service), decide)

    def change_term(
        self, command: Command, vocabulary: str, code: str, change: Callable[[Townhall], None], seen: int
    ) -> None:
        """Change what is offered under one code, unless its label shown at version ``seen`` has changed; as above."""
        shown = term_shown(seen, vocabulary, code)
        self._save(Townhall, TOWNHALL_ID, command, UnknownService(""), shown, change)

    @contextmanager
    def change_townhall(self, command: Command) -> Iterator[Townhall]:
        """Change the town's settings, services or codes in one save."""
        with self._change(Townhall, TOWNHALL_ID, command, UnknownService("")) as townhall:
            yield townhall

    def set_service(self, command: Command, service: str, contact: Contact) -> None:
        """Create a service or change how citizens reach it."""
        with self.change_townhall(command) as townhall:
            townhall.set_service(service, contact)

    @contextmanager
    def _change(self, kind: type[S], identity: UUID, command: Command, missing: Exception) -> Iterator[S]:
        subject = self._history.load(kind, identity)
        if subject is None:
            raise missing
        yield subject.under(command)
        self._append(subject)

    def _save(
        self,
        kind: type[S],
        identity: UUID,
        command: Command,
        missing: Exception,
        shown: Shown,
        change: Callable[[S], None],
    ) -> None:
        """Change what somebody looked at; who was recorded between the look and this very save is noticed."""
        for left in reversed(range(_TRIES)):
            subject = self._history.load(kind, identity)
            if subject is None:
                raise missing
            if command.id not in subject.command_ids:
                shown.require_unchanged(self._history.facts(identity))
            change(subject.under(command))
            try:
                self._append(subject)
            except LostRace:
                if not left:
                    raise
            else:
                return

    def _append(self, subject: Subject) -> None:
        facts = subject.collect_events()
        if facts:
            self._history.append(list(facts))  # type: ignore[arg-type]  # the library's wider event type
            self._saved()

    def _require_known(self, rights: Rights) -> None:
        services = self.townhall().services
        for service in sorted(rights.services):
            if service not in services:
                raise UnknownService(service, services)
        for code in sorted(rights.procedures):
            self.procedure(code)

    def _current(self, kind: type[S], identity: UUID) -> S | None:
        with self._lock:
            subject = self._read.get(identity)
            if not isinstance(subject, kind):
                subject = self._history.load(kind, identity)
                if subject is not None:
                    self._read[identity] = subject
                return subject
            for fact in self._history.facts(identity, gt=subject.version):
                fact.mutate(subject)
            return subject


class _StillDirectory(Directory):
    def _current(self, kind: type[S], identity: UUID) -> S | None:
        subject = self._read.get(identity)
        return subject if isinstance(subject, kind) else super()._current(kind, identity)
