"""What should be gone of finished demands and is still here: keys, tokens, sealed rows, mails, copies, old epochs.

The facts say which demands are finished. An epoch may take an hour to turn; a closing mail up to 72 hours to leave, and
a letter that was on its way at closure a quarter of an hour (with an hour for the sweep that gives it up).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Engine, bindparam, select

from domain.bulk import JOB
from domain.demand import Demand
from domain.instants import instant, micros
from projections.tables import current, search_tokens
from store.events import stored_events
from store.keyring import ACTIVE, epoch, keys
from store.outbox import outbox
from suivi.compose import Installation
from suivi.copies import left_copies

TURNS_WITHIN: Final = timedelta(hours=1)
_CHUNK: Final = 500
_ENDS: Final = (Demand.Closed.topic, Demand.Expired.topic)
_finished: Final = (
    select(stored_events.c.originator_id)
    .distinct()
    .where(stored_events.c.originator_id.in_(bindparam("owners", expanding=True)), stored_events.c.topic.in_(_ENDS))
)
_tokens: Final = (
    select(search_tokens.c.seq)
    .distinct()
    .where(~select(current.c.seq).where(current.c.seq == search_tokens.c.seq).exists())
)


class Residue(msgspec.Struct, frozen=True):
    """One thing that is left: its kind (key, token, row, mail, copy, epoch), whose, and a sentence."""

    kind: str
    demand: str | None
    detail: str


def residue(installation: Installation, now: datetime) -> Iterator[Residue]:
    """Everything that is left of finished demands."""
    events, views = installation.stores.events, installation.stores.views
    active = installation.keyring.active("demand")
    for owner in _finished_among(events, active):
        yield Residue("key", str(owner), "la clé de la demande existe encore")
    yield from _rows(events, views)
    with views.connect() as connection:
        for seq in connection.scalars(_tokens):
            yield Residue("token", None, f"des jetons de recherche restent pour la ligne {seq}")
    yield from _mails(installation, now)
    yield from _jobs(installation)
    for path in left_copies(installation.settings.data_dir):
        yield Residue("copy", None, f"la copie des listes {path.name} d’une vérification interrompue reste")
    yield from _epochs(installation, now)


def _rows(events: Engine, views: Engine) -> Iterator[Residue]:
    with views.connect() as connection:
        rows = connection.execute(select(current.c.demand_id, current.c.reference))
        listed: dict[UUID, str] = {row.demand_id: row.reference for row in rows}
    for owner in _finished_among(events, list(listed)):
        yield Residue("row", listed[owner], "la demande est encore dans les listes, nom scellé compris")


def _mails(installation: Installation, now: datetime) -> Iterator[Residue]:
    """Texts of finished demands in the outbox, then keys of letters that have no text any more."""
    chosen = select(outbox.c.mail_id, outbox.c.demand_id, outbox.c.kind, outbox.c.kept_until)
    with installation.stores.events.connect() as connection:
        kept = {row.mail_id: row for row in connection.execute(chosen.where(outbox.c.letter.is_not(None)))}
    named = {row.demand_id for row in kept.values() if row.demand_id is not None}
    finished = set(_finished_among(installation.stores.events, named))
    for row in kept.values():
        if row.demand_id in finished and not now <= instant(row.kept_until) + TURNS_WITHIN:
            yield Residue("mail", str(row.demand_id), f"le texte d’un courriel ({row.kind}) reste dans la file")
    for mail_id in installation.keyring.active("mail"):
        if mail_id not in kept and installation.outbox.present([mail_id]):
            yield Residue("key", None, f"la clé du courriel {mail_id} existe encore alors que son texte est parti")


def _jobs(installation: Installation) -> Iterator[Residue]:
    """Keys of work on many demands that has ended: its texts may be those of closures."""
    active = installation.keyring.active(JOB)
    ended = installation.operations.present(active) - installation.operations.unfinished_among(active)
    for owner in sorted(ended):
        yield Residue("key", None, f"la clé de l’opération {owner} existe encore alors qu’elle est terminée")


def _epochs(installation: Installation, now: datetime) -> Iterator[Residue]:
    since = installation.keyring.stale_since()
    if since is not None and micros(now) - since > TURNS_WITHIN // timedelta(microseconds=1):
        yield Residue("epoch", None, f"l’époque devait tourner depuis le {instant(since).isoformat()}")
    with installation.stores.keys.connect() as connection:
        named = set(connection.scalars(select(epoch.c.name)))
        named |= set(connection.scalars(select(keys.c.epoch).where(ACTIVE).distinct()))
    for name in installation.stores.epochs.names():
        path = installation.settings.keys_dir / f"{name}.epoch"
        if name not in named and path.exists() and now.timestamp() - path.stat().st_mtime > TURNS_WITHIN.seconds:
            yield Residue("epoch", None, f"le fichier de l’ancienne époque {name} existe encore")


def _finished_among(events: Engine, owners: Iterable[UUID]) -> Iterator[UUID]:
    wanted: Sequence[UUID] = list(owners)
    with events.connect() as connection:
        for start in range(0, len(wanted), _CHUNK):
            yield from connection.scalars(_finished, {"owners": wanted[start : start + _CHUNK]})
