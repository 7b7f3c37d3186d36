"""``suivi remind``: the reminders that should have left by now, or that would have left under other delays."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import click
import msgspec

from domain.definition import LONGEST_DELAY_DAYS, Definition
from domain.reminders import UNTREATED
from suivi.compose import Installation
from suivi.occasions import occasions_of
from suivi.opening import opened
from suivi.parameters import Day, Moment, in_zone, require_order
from suivi.refusals import CommandRefused
from suivi.written import json_text, moment, table
from workers.reminding import Reminded, due_reminders, what_if
from workers.reminding import remind as carry_out

PORT: Final = 8000
_UNDONE: Final = "ce qui était déjà enregistré le reste, relancez la commande pour le reste"
KINDS: Final = {UNTREATED: "à prendre en compte", "in_progress": "à clôturer"}


@click.command(
    help="Relance les agents des demandes en retard ; avec --from et --to, compte les relances d’une période passée."
)
@click.option("--now", "at", type=Moment(), help="À cet instant plutôt que maintenant (ISO 8601).")
@click.option("--from", "first", type=Day(), help="Premier jour d’une simulation, avec --to et --dry-run.")
@click.option("--to", "last", type=Day(), help="Dernier jour de la simulation, inclus.")
@click.option(
    "--delay",
    "delays",
    multiple=True,
    metavar="DÉMARCHE=JOURS",
    help="Simule ce délai de prise en compte et de clôture ; à répéter.",
)
@click.option("--dry-run", is_flag=True, help="Montre sans rien enregistrer ni envoyer.")
@click.option("--json", "as_json", is_flag=True, help="Écrit le résultat en JSON.")
def remind(
    at: datetime | None,
    first: date | None,
    last: date | None,
    delays: tuple[str, ...],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remind, or show what would leave and why."""
    simulated = first is not None or last is not None
    _require_use(at, first, last, delays, dry_run=dry_run)
    with opened(undone=_UNDONE) as installation:
        if simulated and first is not None and last is not None:
            _simulate(installation, first, last, delays, as_json=as_json)
        else:
            _remind(installation, at, dry_run=dry_run, as_json=as_json)


def _require_use(
    at: datetime | None, first: date | None, last: date | None, delays: tuple[str, ...], *, dry_run: bool
) -> None:
    if first is None and last is None:
        if delays:
            raise click.UsageError("--delay va avec --from et --to.")
        return
    if first is None or last is None:
        raise click.UsageError("--from et --to vont ensemble.")
    require_order(first, last)
    if at is not None:
        raise click.UsageError("--now ne va pas avec --from et --to.")
    if not dry_run:
        raise click.UsageError("Une simulation n’enregistre rien : ajoutez --dry-run.")


def _remind(installation: Installation, at: datetime | None, *, dry_run: bool, as_json: bool) -> None:
    as_of = None if at is None else in_zone(at, installation.zone)
    now = as_of or installation.clock()
    occasions = occasions_of(installation, installation.settings.at(PORT))
    told = (due_reminders if dry_run else carry_out)(occasions, now, as_of)
    if as_json:
        click.echo(json_text({"now": now, "reminders": [_document(one) for one in told]}))
        return
    verb = "partiraient" if dry_run else "sont parties"
    click.echo(f"Au {moment(now, installation.zone)}, {_counted(len(told), verb)}")
    for line in _rows(installation, told):
        click.echo(line)


def _counted(number: int, verb: str) -> str:
    if not number:
        return "aucune relance n’est due."
    if number == 1:
        verb = {"partiraient": "partirait", "sont parties": "est partie", "seraient parties": "serait partie"}[verb]
    return f"{number} relance{'s' if number > 1 else ''} {verb}."


def _document(one: Reminded) -> dict[str, Any]:
    reminder = one.reminder
    return {
        "reference": reminder.reference,
        "kind": reminder.kind,
        "due_at": reminder.due_at,
        "occurrence": reminder.occurrence,
        "agents": list(one.agents),
    }


def _rows(installation: Installation, told: Sequence[Reminded]) -> Iterator[str]:
    zone = installation.zone
    rows = [
        (
            one.reminder.reference,
            KINDS[one.reminder.kind],
            moment(one.reminder.due_at, zone),
            moment(one.reminder.occurrence, zone),
            ", ".join(one.agents) or "(personne)",
        )
        for one in told
    ]
    return table(("Référence", "Relance", "Échéance", "Occurrence", "Agents"), rows, left=5) if rows else iter(())


def _simulate(installation: Installation, first: date, last: date, delays: tuple[str, ...], *, as_json: bool) -> None:
    occasions = occasions_of(installation, installation.settings.at(PORT))
    calendar = occasions.today()
    since, until = calendar.start_of(first), calendar.start_of(last + timedelta(1))
    chosen = dict(_delay(text) for text in delays)
    definitions = {one.code: _with(one, chosen.get(one.code)) for one in occasions.definitions()}
    if unknown := sorted(chosen.keys() - definitions.keys()):
        raise CommandRefused(f"Démarche inconnue : {', '.join(unknown)}. « suivi procedure export » les donne.")
    told = sorted(what_if(occasions, since, min(until, installation.clock()), definitions), key=_order)
    if as_json:
        reminders = [{**_document(one), "sent_at": at} for at, one in told]
        head = {"from": first, "to": last, "delays": chosen, "total": len(told)}
        click.echo(json_text({**head, "reminders": reminders}))
        return
    click.echo(f"Du {first:%d/%m/%Y} au {last:%d/%m/%Y}, {_counted(len(told), 'seraient parties')}")
    for line in _counts([one for _, one in told]):
        click.echo(line)


def _counts(told: Sequence[Reminded]) -> Iterator[str]:
    counted = Counter((one.reminder.procedure, one.reminder.kind) for one in told)
    procedures = sorted({procedure for procedure, _ in counted})
    rows = [(code, *(str(counted[code, kind]) for kind in KINDS)) for code in procedures]
    return table(("Démarche", *map(str.capitalize, KINDS.values())), rows) if rows else iter(())


def _delay(text: str) -> tuple[str, int]:
    code, sign, days = text.rpartition("=")
    if not sign or not code or not days.isdecimal() or not 1 <= int(days) <= LONGEST_DELAY_DAYS:
        raise click.BadParameter(
            f"« {text} » : DÉMARCHE=JOURS, de 1 à {LONGEST_DELAY_DAYS} jours.", param_hint="--delay"
        )
    return code, int(days)


def _with(definition: Definition, days: int | None) -> Definition:
    if days is None:
        return definition
    return msgspec.structs.replace(definition, take_delay_days=days, close_delay_days=days)


def _order(told: tuple[datetime, Reminded]) -> tuple[datetime, str]:
    return told[0], told[1].reminder.reference
