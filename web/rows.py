"""The rows of a list's table, one prepared text each: a template hands over and escapes some fifty pieces a row.

A reference is made of capitals, digits and hyphens (``domain.references``): it stands anywhere as it is.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from flask import request
from markupsafe import Markup, escape

from web import frame, pieces
from web.filters import day
from web.lines import Line

_NONE: Final = '<span class="none">–</span>'
_LATE: Final = '<tr class="is-late">'


def rows(section: str, lines: Iterable[Line], deletions: Mapping[str, datetime], *, ticked: bool = False) -> Markup:
    """The rows of a section; ``deletions`` are when demands that nobody takes will be deleted, by reference.

    The boxes belong to the form below the table: a row has forms of its own, and forms do not nest.
    """
    table = _Table(section, deletions, ticked=ticked)
    return Markup("".join(map(table.row, lines)))  # noqa: S704 — each cell escapes what may hold anything


class _Table:
    def __init__(self, section: str, deletions: Mapping[str, datetime], *, ticked: bool) -> None:
        self._section, self._deletions = section, deletions
        self._checked = " checked" if ticked else ""
        self._demands = f"{escape(request.script_root)}/demandes/"
        self._sprite = escape(frame.asset(pieces.SPRITE))
        self._fields = pieces.form_fields()
        self._road = "Feuille de route" if section == "in_progress" else "Historique"

    def row(self, line: Line) -> str:
        reference = line.row.reference
        return (
            f"{_LATE if line.late else '<tr>'}\n"
            f'<td class="tick"><input type="checkbox" class="form-check-input" name="references" value="{reference}" '
            f'form="selection" aria-label="Cocher {reference}"{self._checked}></td>\n'
            '<th scope="row" data-label="Référence">'
            f'<a class="reference" href="{self._demands}{reference}">{reference}</a>{_for_you(line)}</th>\n'
            f'<td data-label="Démarche">{line.procedure}</td>\n'
            f'<td data-label="Usager">{_person(line)}</td>\n'
            f'<td data-label="Reçue le">{line.received}</td>\n'
            f'<td data-label="Échéance">{line.due}{self._deletion(line)}</td>\n'
            f"{self._own_cells(line)}"
            '<td class="row-actions"><div class="row-tools">\n'
            f"{self._links(line, reference)}{self._button(line, reference)}</div></td>\n</tr>\n"
        )

    def _deletion(self, line: Line) -> str:
        at = self._deletions.get(line.row.reference)
        return "" if at is None else f'<span class="under">{pieces.icon("trash")} suppression le {day(at)}</span>'

    def _own_cells(self, line: Line) -> str:
        """The cells that only some sections have."""
        if self._section == "in_progress":
            return ""
        if self._section == "on_hold":
            return f'<td data-label="En attente depuis le">{pieces.when(line.row.since)}</td>\n'
        label = "Désignée pour" if self._section == "untreated" else "Agent"
        agent = f'<td data-label="{label}">{escape(line.agent) if line.agent else _NONE}</td>\n'
        if self._section == "untreated":
            return agent
        return f'{agent}<td data-label="Statut">{pieces.status_badge(line.row.status)}</td>\n'

    def _links(self, line: Line, reference: str) -> str:
        address, road = f"{self._demands}{reference}", self._road
        seen = self._link(address, "Voir la demande", f"Voir la demande {reference}", "search")
        past = self._link(f"{address}/historique", road, f"{road} de {reference}", "file-text")
        if not line.reassigns:
            return seen + past
        reassign = f"{address}?action=reassign#reattribuer"
        return seen + past + self._link(reassign, "Réattribuer", f"Réattribuer {reference}", "person")

    def _link(self, address: str, title: str, label: str, picture: str) -> str:
        drawn = f'<svg class="icon" role="img" aria-label="{label}"><use href="{self._sprite}#{picture}"></use></svg>'
        return f'<a class="icon-link" href="{address}" title="{title}">{drawn}</a>\n'

    def _button(self, line: Line, reference: str) -> str:
        """What most likely comes next."""
        address = f"{self._demands}{reference}"
        if self._section == "in_progress":
            said = f'Clôturer<span class="visually-hidden"> {reference}</span>'
            return f'<a class="btn btn-outline btn-sm" href="{address}/cloture">{said}</a>\n'
        if self._section == "on_hold":
            return self._form(f"{address}/reprise", line.row.version, "btn-outline", "Réaffecter statut en cours")
        if line.takes:
            return self._form(f"{address}/prise-en-compte", line.row.version, "btn-primary", "Prendre en compte")
        return ""

    def _form(self, address: str, version: int, kind: str, label: str) -> str:
        button = f'<button type="submit" class="btn {kind} btn-sm">{label}</button>'
        return f'<form method="post" action="{address}" class="lone">{self._fields.of(version)}{button}</form>\n'


def _for_you(line: Line) -> str:
    return f' <span class="for-you">{pieces.icon("star-fill")} pour vous</span>' if line.for_you else ""


def _person(line: Line) -> str:
    if line.name:
        return f'<span class="person">{escape(line.name)}</span>'
    return _NONE if line.able.reads else f'<span class="none">{pieces.icon("lock")} réservé</span>'
