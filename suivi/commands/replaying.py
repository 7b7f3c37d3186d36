"""``suivi replay``: one demand as it was at a version or an instant; sealed values stay sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from domain.demand import Demand
from domain.dossier import shown
from domain.facts import Fact, fold
from suivi.compose import Installation
from suivi.opening import opened
from suivi.parameters import Moment, in_zone
from suivi.refusals import CommandRefused
from suivi.written import json_text, moment, table
from web.wording import KINDS, STATUSES


@click.command(
    help="Rejoue une demande, entière ou jusqu’à une version ou un instant ; rien de personnel n’est affiché."
)
@click.argument("reference")
@click.option("--version", type=click.IntRange(min=1), help="S’arrête à ce numéro de fait.")
@click.option(
    "--at", "at", type=Moment(), help="S’arrête à cet instant (ISO 8601 ; sans décalage : heure de la mairie)."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
def replay(reference: str, version: int | None, at: datetime | None, *, as_json: bool) -> None:
    """Print a demand's state and history."""
    if version is not None and at is not None:
        raise click.UsageError("--version et --at ne vont pas ensemble.")
    with opened() as installation:
        dossier = installation.office.dossier(reference, None)
        facts = _until(installation, dossier.facts, version, at)
        if as_json:
            click.echo(json_text(_document(facts)))
            return
        for line in _lines(installation, facts):
            click.echo(line)


def _until(
    installation: Installation, facts: Sequence[Fact], version: int | None, at: datetime | None
) -> Sequence[Fact]:
    if version is not None:
        if version > len(facts):
            raise CommandRefused(f"Cette demande n’a que {len(facts)} faits : il n’y a pas de version {version}.")
        return facts[:version]
    if at is None:
        return facts
    end = in_zone(at, installation.zone)
    chosen = [fact for fact in facts if fact.timestamp <= end]
    if not chosen:
        raise CommandRefused(f"Cette demande n’existait pas encore : elle date du {_of(installation, facts[0])}.")
    return chosen


def _document(facts: Sequence[Fact]) -> dict[str, Any]:
    demand: Demand = fold(facts)
    return {
        "reference": demand.reference,
        "status": demand.status,
        "version": demand.version,
        "at": facts[-1].timestamp,
        "agent": demand.owner,
        "history": [
            {
                "version": fact.originator_version,
                "kind": fact.name,
                "at": fact.timestamp,
                "actor": fact.actor,
                "agent": fact.agent,
                "data": shown(fact),
            }
            for fact in facts
        ],
    }


def _lines(installation: Installation, facts: Sequence[Fact]) -> Sequence[str]:
    demand: Demand = fold(facts)
    head = f"{demand.reference} : {STATUSES[demand.status]}"
    owner = f", suivie par {demand.owner}" if demand.owner else ""
    rows = [
        (
            str(fact.originator_version),
            _of(installation, fact),
            KINDS.get(fact.name, fact.name),
            fact.actor,
            _data(fact),
        )
        for fact in facts
    ]
    return [head + owner, *table(("Version", "Date", "Fait", "Auteur", "Données"), rows, left=5)]


def _of(installation: Installation, fact: Fact) -> str:
    return moment(fact.timestamp, installation.zone)


def _data(fact: Fact) -> str:
    return ", ".join(f"{name}={_short(value)}" for name, value in shown(fact).items() if value is not None)


def _short(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
