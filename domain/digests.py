"""What agents are written: one letter for all that one occasion has to tell one agent."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from domain.expiry import Ending
from domain.longest import Longest
from domain.notices import Line, Notice, NoticeKind, Section, Stationery, counted
from domain.recipients import Staff
from domain.reminders import IN_PROGRESS, UNTREATED, Reminder

Titles = Callable[[str], str]
"""The title of a procedure, by its code."""
_HEADINGS: Final = {
    UNTREATED: "Demandes que personne n’a prises en compte dans le délai :",
    IN_PROGRESS: "Demandes en cours dont le délai de traitement est dépassé :",
}
_NEWS: Final = "Nouvelles demandes à prendre en compte :"


class Digests:
    """Writes letters on the town hall's stationery."""

    def __init__(self, stationery: Stationery, staff: Staff, titles: Titles) -> None:
        self._on, self._staff, self._title = stationery, staff, titles

    def reminder(self, agent: str, late: Mapping[str, Longest]) -> Notice:
        """Demands that wait too long, by kind: those nobody took, then those not closed."""
        number = sum(demands.number for demands in late.values())
        subject = f"Suivi : {counted(number, 'demande en retard', 'demandes en retard')}"
        told = [self._reminders(agent, kind, late[kind]) for kind in (UNTREATED, IN_PROGRESS) if kind in late]
        return Notice(NoticeKind.REMINDER, agent, subject, self._on.body(self._staff.name(agent), told))

    def warning(self, agent: str, endings: Sequence[Ending]) -> Notice:
        """Demands that are soon deleted."""
        subject = f"Suivi : {counted(len(endings), 'demande bientôt supprimée', 'demandes bientôt supprimées')}"
        heading = "Sans prise en compte d’ici là, ces demandes seront supprimées et leurs données effacées :"
        lines = [self._ending(one, "suppression") for one in endings]
        return self._notice(NoticeKind.DELETION_WARNING, agent, subject, [(heading, lines)])

    def deleted(self, agent: str, endings: Sequence[Ending]) -> Notice:
        """Demands that were deleted."""
        subject = f"Suivi : {counted(len(endings), 'demande supprimée', 'demandes supprimées')}"
        heading = "Personne n’a pris ces demandes en compte dans le délai prévu. Elles sont supprimées :"
        lines = [self._ending(one, "échéance") for one in endings]
        return self._notice(NoticeKind.DELETION_NOTICE, agent, subject, [(heading, lines)])

    def received(self, agent: str, lines: Sequence[Line], about: UUID | None = None) -> Notice:
        """New demands, told at once."""
        subject = f"Suivi : {counted(len(lines), 'nouvelle demande', 'nouvelles demandes')}"
        return self._notice(NoticeKind.NEW_DEMAND, agent, subject, [(_NEWS, lines)], about)

    def daily(self, agent: str, lines: Sequence[Line]) -> Notice:
        """New demands since the last such letter."""
        subject = f"Suivi : {counted(len(lines), 'demande reçue', 'demandes reçues')} depuis le dernier récapitulatif"
        return self._notice(NoticeKind.DAILY_DIGEST, agent, subject, [(_NEWS, lines)])

    def reassigned(self, agent: str, lines: Sequence[Line], about: UUID | None = None) -> Notice:
        """Demands that were given from one agent to another."""
        subject = f"Suivi : {counted(len(lines), 'demande réattribuée', 'demandes réattribuées')}"
        return self._notice(NoticeKind.REASSIGNMENT, agent, subject, [("Demandes réattribuées :", lines)], about)

    def line(self, reference: str, procedure: str, said: str) -> Line:
        """One demand in a list."""
        return Line(reference, self._title(procedure), said)

    def _notice(
        self,
        kind: NoticeKind,
        agent: str,
        subject: str,
        sections: Iterable[tuple[str, Sequence[Line]]],
        about: UUID | None = None,
    ) -> Notice:
        told = [Section(heading, tuple(lines)) for heading, lines in sections if lines]
        return Notice(kind, agent, subject, self._on.body(self._staff.name(agent), told), about)

    def _reminders(self, agent: str, kind: str, late: Longest) -> Section:
        page = "non-traitees" if kind == UNTREATED else "en-cours" if late.owners == {agent} else "service"
        where = f"/demandes/{page}?late=1&sort=due" if self._staff.works_on_demands(agent) else ""
        return Section(_HEADINGS[kind], tuple(self._late(one) for one in late.shown), late.unnamed, where)

    def _late(self, one: Reminder) -> Line:
        wanted = "à prendre en compte" if one.kind == UNTREATED else "à clôturer"
        owner = f", suivie par {self._staff.name(one.owner)}" if one.owner else ""
        received = self._on.day(one.submitted_at)
        return self.line(
            one.reference, one.procedure, f"reçue le {received}, {wanted} avant le {self._on.moment(one.due_at)}{owner}"
        )

    def _ending(self, one: Ending, what: str) -> Line:
        left = f" (dans {one.days_left} {'jour' if one.days_left < 2 else 'jours'})" if one.days_left else ""  # noqa: PLR2004 — French: « 1 jour »
        received, deadline = self._on.day(one.submitted_at), self._on.moment(one.deadline)
        return self.line(one.reference, one.procedure, f"reçue le {received}, {what} le {deadline}{left}")
