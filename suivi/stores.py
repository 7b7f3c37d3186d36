"""The four stores on disk: made or upgraded by ``init``, and refused by every other command when they do not fit."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from projections.views import WrongViews, create_views, found_views, read_position
from store import accounts, intake_keys, keyring, outbox, sweeps
from store.engines import FULL, NORMAL, UnsafeStore, sqlite_engine
from store.epochs import Epochs
from store.keyring import StoredKeyring
from store.schema import Step, WrongVersion, require_version, upgrade
from store.secrets import MASTER_FILE, SECRET_BYTES, BadSecret, Secrets, new_master_file, read_master
from store.sqlite import CREATE_EVENTS
from suivi.refusals import CommandRefused
from suivi.settings import Settings

_PRIVATE: Final = 0o700
_SEARCH: Final = "search"
KEY_VERSION: Final = 1


def _first_events(connection: Connection) -> None:
    connection.exec_driver_sql(CREATE_EVENTS)
    outbox.create_tables(connection)
    intake_keys.metadata.create_all(connection)


def _first_accounts(connection: Connection) -> None:
    accounts.create_tables(connection)
    sweeps.create_tables(connection)


EVENT_STEPS: Final[dict[int, Step]] = {1: _first_events}
ACCOUNT_STEPS: Final[dict[int, Step]] = {1: _first_accounts}


class Stores:
    """The engines of the four stores, their secrets, and the keyring over them."""

    def __init__(self, settings: Settings, random_bytes: Callable[[int], bytes]) -> None:
        self.settings, self.random_bytes = settings, random_bytes
        self.secrets = read_secrets(settings)
        self.events, self.keys, self.accounts = (self._engine(name, FULL) for name in ("events", "keys", "accounts"))
        self.views = self._engine("views", NORMAL)
        self.epochs = Epochs(settings.keys_dir, self.secrets.key("epoch keys"), random_bytes)
        self.keyring = StoredKeyring(self.keys, self.epochs, random_bytes, settings.data_dir / "keyring")

    def create(self, now: datetime) -> None:
        """Make or upgrade every store; harmless when repeated, and after a crash in between."""
        try:
            upgrade(self.events, "events", EVENT_STEPS)
            upgrade(self.accounts, "accounts", ACCOUNT_STEPS)
            upgrade(self.keys, "keys", {KEY_VERSION: lambda c: keyring.create_tables(c, self.epochs.new)})
        except WrongVersion as error:
            raise _other_version(error) from error
        generation = UUID(bytes=self.random_bytes(16), version=4)
        with self.views.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            create_views(connection, generation)
            found = read_position(connection).generation
        self.keyring.mint([found], _SEARCH, now)

    def require(self) -> None:
        """Raise CommandRefused unless every store is there and of this program's version."""
        try:
            require_version(self.events, "events", max(EVENT_STEPS))
            require_version(self.accounts, "accounts", max(ACCOUNT_STEPS))
            require_version(self.keys, "keys", KEY_VERSION)
            self._require_views()
        except WrongVersion as error:
            raise _other_version(error) from error
        except WrongViews as error:
            raise CommandRefused("Les listes viennent d’une autre version de Suivi : lancez « suivi init ».") from error
        except BadSecret as error:
            raise CommandRefused(wrong_secret(error)) from error

    def _require_views(self) -> None:
        if not found_views(self.views):
            raise WrongVersion("views", None, 1)
        with self.views.connect() as connection:
            generation = read_position(connection).generation
        self.keyring.keys([generation])

    def close(self) -> None:
        """Close every connection."""
        for engine in (self.events, self.keys, self.accounts, self.views):
            engine.dispose()

    def _engine(self, name: str, synchronous: int) -> Engine:
        return sqlite_engine(str(self.settings.files[name]), synchronous)


def prepare_directories(settings: Settings) -> None:
    """Make the data and keys directories, readable by their owner only."""
    for directory in (settings.data_dir, settings.keys_dir, *(path.parent for path in settings.files.values())):
        try:
            directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise CommandRefused(f"Le répertoire {directory} ne peut pas être créé : {error.strerror}.") from error
    for directory in (settings.data_dir, settings.keys_dir):
        directory.chmod(_PRIVATE)


def prepare_secret(settings: Settings, random_bytes: Callable[[int], bytes]) -> None:
    """Make the master secret once, unless the operator keeps it elsewhere or the stores already need another one."""
    path = settings.master_secret_file
    if settings.master_secret is not None or path.exists():
        return
    if settings.files["keys"].exists():
        raise CommandRefused(
            f"Le secret maître {path} manque alors que des données existent : "
            "restaurez ce fichier, rien ne s’ouvre sans lui."
        )
    new_master_file(path, random_bytes(SECRET_BYTES))


def read_secrets(settings: Settings) -> Secrets:
    """The master secret, from the environment or its file; raises CommandRefused with what to do."""
    try:
        return Secrets(read_master(settings.master_secret or _secret_file(settings.master_secret_file)))
    except BadSecret as error:
        raise CommandRefused(wrong_secret(error)) from error


def wrong_secret(error: BadSecret) -> str:
    """The sentence for a secret that cannot be used."""
    return (
        "Le secret maître est absent, trop simple ou n’est pas celui de cette installation "
        f"({error}) : vérifiez SUIVI_MASTER_SECRET ou le fichier {MASTER_FILE} du répertoire des clés."
    )


def require_directory(settings: Settings) -> None:
    """Raise CommandRefused unless ``suivi init`` made the data directory."""
    if not settings.files["events"].exists():
        raise CommandRefused(f"Aucune installation dans {settings.data_dir} : lancez d’abord « suivi init ».")
    if not os.access(settings.data_dir, os.W_OK):
        raise CommandRefused(f"Le répertoire {settings.data_dir} n’est pas accessible en écriture.")


def _secret_file(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise CommandRefused(
            f"Le secret maître {path} ne peut pas être lu ({error.strerror}) : "
            "lancez « suivi init » ou restaurez ce fichier."
        ) from error


def _other_version(error: WrongVersion) -> CommandRefused:
    if error.found is None:
        return CommandRefused(f"Le magasin « {error.store} » n’est pas prêt : lancez « suivi init ».")
    if error.found < error.wanted:
        return CommandRefused(f"Le magasin « {error.store} » est d’une version antérieure : lancez « suivi init ».")
    return CommandRefused(
        f"Le magasin « {error.store} » est d’une version plus récente que ce programme : "
        "installez la version qui l’a créé."
    )


__all__ = ["Stores", "UnsafeStore", "prepare_directories", "prepare_secret", "require_directory"]
