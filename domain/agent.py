"""An agent of the town hall: a name and rights, kept as facts; e-mail and password live elsewhere."""

import re
from collections.abc import Iterable
from typing import ClassVar, Final, Self

from domain.errors import Invalid
from domain.facts import Command, Fact, FirstFact, Subject
from domain.references import stream_id
from domain.rights import Rights, Role

CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
LONGEST_NAME: Final = 100


class Agent(Subject):
    """Who processes, leads, administers, audits or analyses; his name stays in every history."""

    class Event(Fact):
        """Any fact of an agent."""

    class Registered(FirstFact, Event):
        """The person joins the town hall's agents; an imported one is inactive from the start."""

        topic = "agent.registered:1"
        shows: ClassVar = ("code", "agent_name", "roles", "services", "procedures", "active")
        code: str
        agent_name: str
        roles: tuple[str, ...]
        services: tuple[str, ...]
        procedures: tuple[str, ...]
        active: bool

        def apply(self, aggregate: "Agent") -> None:
            aggregate.code, aggregate.name, aggregate.active = self.code, self.agent_name, self.active
            aggregate.rights = rights_of(self.roles, self.services, self.procedures)

    class RightsChanged(Event):
        """Roles, services or procedures change; they are read again at each request."""

        topic = "agent.rights-changed:1"
        shows: ClassVar = ("roles", "services", "procedures")
        roles: tuple[str, ...]
        services: tuple[str, ...]
        procedures: tuple[str, ...]

        def apply(self, aggregate: "Agent") -> None:
            aggregate.rights = rights_of(self.roles, self.services, self.procedures)

    class Deactivated(Event):
        """The agent leaves: he is out at once, his demands keep his name."""

        topic = "agent.deactivated:1"

        def apply(self, aggregate: "Agent") -> None:
            aggregate.active = False

    class Activated(Event):
        """The agent may log in again."""

        topic = "agent.activated:1"

        def apply(self, aggregate: "Agent") -> None:
            aggregate.active = True

    def born(self) -> None:
        """An agent before the first fact."""
        super().born()
        self.code: str
        self.name: str
        self.rights = Rights(frozenset())
        self.active = False

    @classmethod
    def register(cls, command: Command, code: str, name: str, rights: Rights, *, active: bool = True) -> Self:
        """Let a person join; raises Invalid for an impossible code or name."""
        if not CODE.fullmatch(code):
            raise Invalid({"code": ["1 à 40 lettres, chiffres, points, tirets ou soulignés, sans espace ni accent."]})
        if not name.isprintable() or not 1 <= len(name.strip()) <= LONGEST_NAME:
            raise Invalid({"name": [f"Un nom de 1 à {LONGEST_NAME} caractères."]})
        identity = stream_id("agent", code)
        return cls._begin(
            identity, cls.Registered, command, code=code, agent_name=name.strip(), active=active, **_lists(rights)
        )

    def change_rights(self, rights: Rights) -> None:
        """Give other rights; the same ones again change nothing."""
        if rights != self.rights:
            self._add(self.RightsChanged, **_lists(rights))

    def deactivate(self) -> None:
        """Take access away."""
        if self.active:
            self._add(self.Deactivated)

    def activate(self) -> None:
        """Give access again."""
        if not self.active:
            self._add(self.Activated)


def rights_of(roles: Iterable[str], services: Iterable[str], procedures: Iterable[str]) -> Rights:
    """Rights from stored names."""
    return Rights(frozenset(map(Role, roles)), frozenset(services), frozenset(procedures))


def _lists(rights: Rights) -> dict[str, tuple[str, ...]]:
    return {
        "roles": tuple(sorted(rights.roles)),
        "services": tuple(sorted(rights.services)),
        "procedures": tuple(sorted(rights.procedures)),
    }


Agent.Registered.begins = Agent
