"""Who may see and do what: pure decisions over roles, services and procedures."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from domain.definition import Definition


class Role(StrEnum):
    """What a person is at the town hall; roles may be combined."""

    AGENT = "agent"
    HEAD = "head"
    ADMIN = "admin"
    AUDITOR = "auditor"
    ANALYST = "analyst"


WORKS_ON_DEMANDS: Final = frozenset({Role.AGENT, Role.HEAD})


class Rights(msgspec.Struct, frozen=True):
    """An agent's roles, his services, and the procedures he is limited to (none: all of his services)."""

    roles: frozenset[Role]
    services: frozenset[str] = frozenset()
    procedures: frozenset[str] = frozenset()

    def has(self, *roles: Role) -> bool:
        """Whether the person has one of these roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def idle(self) -> bool:
        """A role that works on demands and is given none: a head has services, an agent procedures as well."""
        given = self.services or (self.procedures and Role.AGENT in self.roles)
        return self.has(*WORKS_ON_DEMANDS) and not given

    def processes(self, procedure: Definition) -> bool:
        """May read, take, mark, hold, resume, reassign and close the demands of this procedure."""
        if Role.HEAD in self.roles and procedure.service in self.services:
            return True
        if Role.AGENT not in self.roles:
            return False
        return procedure.code in self.procedures if self.procedures else procedure.service in self.services

    def oversees(self, service: str) -> bool:
        """Sees and reassigns the open demands of this service (« Du service »)."""
        return self.has(*WORKS_ON_DEMANDS) and service in self.services

    def reassigns_many(self, service: str, *, own: bool) -> bool:
        """Reassigns by the lot: a head what his services have, anybody what he follows himself (ADR 0011)."""
        return own or (Role.HEAD in self.roles and service in self.services)

    def sees(self, procedure: Definition) -> bool:
        """Knows that a demand of this procedure exists; an auditor sees every one, with its values sealed."""
        return self.oversees(procedure.service) or self.processes(procedure) or self.has(Role.AUDITOR)

    def reads(self, procedure: Definition) -> bool:
        """May open the citizen's data."""
        return self.processes(procedure) or (self.oversees(procedure.service) and not procedure.restricted)

    def processable(self, procedures: Iterable[Definition]) -> list[str]:
        """The codes of the procedures this person may process, in order."""
        return sorted(procedure.code for procedure in procedures if self.processes(procedure))
