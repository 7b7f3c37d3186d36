"""Which agents a letter about demands goes to: those with rights, the owner, the head, at last the administrators."""

from collections.abc import Callable, Iterable

import msgspec

from domain.definition import Definition
from domain.rights import WORKS_ON_DEMANDS, Rights, Role


class Colleague(msgspec.Struct, frozen=True):
    """An agent as letters to agents see him."""

    code: str
    name: str
    active: bool
    rights: Rights


class Staff:
    """Everybody who works at the town hall; codes are answered in order."""

    def __init__(self, colleagues: Iterable[Colleague]) -> None:
        self._all = {colleague.code: colleague for colleague in colleagues}

    def name(self, code: str) -> str:
        """The agent's name, or his code where he is unknown."""
        return self._all[code].name if code in self._all else code

    def entitled(self, procedure: Definition) -> tuple[str, ...]:
        """The active agents who may process its demands."""
        return self._those(lambda colleague: colleague.rights.processes(procedure))

    def of_untreated(self, procedure: Definition) -> tuple[str, ...]:
        """Who is told of a demand nobody took: the agents with rights, the administrators when there are none."""
        return self.entitled(procedure) or self.administrators()

    def of_owned(self, procedure: Definition, owner: str | None) -> tuple[str, ...]:
        """Who is told of a demand in progress: its owner; once he left, the service's head, else the administrators."""
        found = self._all.get(owner or "")
        if found is not None and found.active:
            return (found.code,)
        return self.heads(procedure.service) or self.administrators()

    def heads(self, service: str) -> tuple[str, ...]:
        """The active heads of a service."""
        return self._those(lambda colleague: colleague.rights.has(Role.HEAD) and service in colleague.rights.services)

    def administrators(self) -> tuple[str, ...]:
        """The active administrators."""
        return self._those(lambda colleague: colleague.rights.has(Role.ADMIN))

    def works_on_demands(self, code: str) -> bool:
        """Whether the lists of demands are open to this agent; an administrator alone has none."""
        return code in self._all and self._all[code].rights.has(*WORKS_ON_DEMANDS)

    def active(self, code: str | None) -> bool:
        """Whether this agent may be written to."""
        return code in self._all and self._all[code].active

    def _those(self, chosen: Callable[[Colleague], bool]) -> tuple[str, ...]:
        return tuple(sorted(code for code, one in self._all.items() if one.active and chosen(one)))
