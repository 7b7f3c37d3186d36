"""The four stores on disk: made or upgraded by ``init``, and refused by every other command when they do not fit."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine

from projections.tables import position
from projections.views import WrongViews, create_views, found_views, read_position
from store import accounts, events, followers, keyring, named_filters, operations, pace, preferences, sweeps
from store import outbox_rows as outbox
from store.engines import FULL, UnsafeStore, sqlite_engine
from store.epochs import Epochs
from store.keyring import StoredKeyring
from store.schema import Step, WrongVersion, found_version, require_version, upgrade
from store.secrets import MASTER_FILE, SECRET_BYTES, BadSecret, Secrets, new_master_file, read_master
from store.transactions import creating
from suivi.generations import FileGenerations, Generations
from suivi.refusals import CommandRefused
from suivi.settings import Settings
from suivi.system_errors import why

_PRIVATE: Final = 0o700
SEARCH: Final = "search"
WRONG_VIEWS: Final = "Les listes viennent d’une autre version de Suivi : lancez « suivi init »."
KEY_VERSION: Final = 1


def _first_accounts(connection: Connection) -> None:
    accounts.create_tables(connection)
    sweeps.create_tables(connection)


def _second_events(connection: Connection) -> None:
    outbox.add_agents(connection)
    followers.create_tables(connection)
    pace.create_tables(connection)


def _second_accounts(connection: Connection) -> None:
    accounts.keep_links(connection)
    preferences.create_tables(connection)


def _third_accounts(connection: Connection) -> None:
    operations.create_tables(connection)
    named_filters.create_tables(connection)
    accounts.name_browsers(connection)


EVENT_STEPS: Final[dict[int, Step]] = {1: events.create_tables, 2: _second_events, 3: outbox.add_lookups}
ACCOUNT_STEPS: Final[dict[int, Step]] = {1: _first_accounts, 2: _second_accounts, 3: _third_accounts}


class Stores:
    """The engines of the four stores, their secrets, and the keyring over them."""

    def __init__(self, settings: Settings, random_bytes: Callable[[int], bytes]) -> None:
        self.settings, self.random_bytes = settings, random_bytes
        self.secrets = read_secrets(settings)
        self.events, self.keys, self.accounts = (open_store(settings, name) for name in ("events", "keys", "accounts"))
        self.generations = open_generations(settings)
        self.views = self.generations.engine
        self.epochs = Epochs(settings.keys_dir, self.secrets.key("epoch keys"), random_bytes)
        self.keyring = StoredKeyring(self.keys, self.epochs, random_bytes, settings.data_dir / "keyring")

    def create(self, now: datetime) -> bool:
        """Make or upgrade every store; harmless when repeated, and after a crash in between.

        Whether the read models fit this program: they are not upgraded but built again.
        """
        try:
            upgrade(self.events, "events", EVENT_STEPS)
            upgrade(self.accounts, "accounts", ACCOUNT_STEPS)
            upgrade(self.keys, "keys", {KEY_VERSION: lambda c: keyring.create_tables(c, self.epochs.new)})
        except WrongVersion as error:
            raise _other_version(error) from error
        return self._create_views(now)

    def _create_views(self, now: datetime) -> bool:
        generation = UUID(bytes=self.random_bytes(16), version=4)
        try:
            with creating(self.views) as connection:
                if not self.views.dialect.has_table(connection, position.name):
                    create_views(connection, generation)
                found = read_position(connection).generation
        except WrongViews:
            return False
        self.keyring.mint([found], SEARCH, now)
        return True

    def require(self, *, views: bool = True) -> None:
        """Raise CommandRefused unless every store is there and of this program's version.

        Without ``views`` for the one command that builds the read models again.
        """
        try:
            require_version(self.events, "events", max(EVENT_STEPS))
            require_version(self.accounts, "accounts", max(ACCOUNT_STEPS))
            require_version(self.keys, "keys", KEY_VERSION)
            if views:
                self._require_views()
        except WrongVersion as error:
            raise _other_version(error) from error
        except WrongViews as error:
            raise CommandRefused(WRONG_VIEWS) from error
        except BadSecret as error:
            raise CommandRefused(wrong_secret(error)) from error

    def _require_views(self) -> None:
        if not found_views(self.views):
            raise WrongVersion("views", None, 1)
        with self.views.connect() as connection:
            generation = read_position(connection).generation
        self.keyring.keys([generation])

    def logged(self) -> dict[str, list[str]]:
        """By store, the settings with which its PostgreSQL server would write values into its own log."""
        if not self.settings.servers:
            return {}
        from store.servers import logged_values  # noqa: PLC0415 — PostgreSQL is an extra

        found = {name: logged_values(getattr(self, name)) for name in self.settings.servers}
        return {name: settings for name, settings in found.items() if settings}

    def empty_views_log(self) -> None:
        """Push sealed names and tokens of finished demands out of the read models' write-ahead log.

        One process at a time: SQLite 3.40 may corrupt a log when checkpoints race.
        """
        if self.views.dialect.name != "sqlite":
            return
        descriptor = os.open(self.settings.data_dir / "views.checkpoint.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with self.views.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close every connection."""
        for engine in (self.events, self.keys, self.accounts, self.views):
            engine.dispose()


def open_store(settings: Settings, name: str) -> Engine:
    """The engine of one store, other than the read models."""
    if name in settings.files:
        return sqlite_engine(str(settings.files[name]), FULL)
    with _needing_postgres():
        from store.servers import SCHEMAS, postgres_engine  # noqa: PLC0415 — PostgreSQL is an extra
    return postgres_engine(settings.servers[name], SCHEMAS[name])


def open_generations(settings: Settings) -> Generations:
    """Where the read models are; they can be built again, so their last moments may be lost in a crash."""
    if "views" in settings.files:
        return FileGenerations(settings.files["views"])
    with _needing_postgres():
        from suivi.schemas import SchemaGenerations  # noqa: PLC0415 — PostgreSQL is an extra
    return SchemaGenerations(settings.servers["views"])


@contextmanager
def _needing_postgres() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise CommandRefused(f"Le module {error.name} manque pour PostgreSQL : installez suivi[postgres].") from error


def register_environment(settings: Settings) -> dict[str, str]:
    """Where the library finds the facts."""
    if "events" in settings.files:
        where = {"PERSISTENCE_MODULE": "store.sqlite:Factory", "SQLITE_DBNAME": str(settings.files["events"])}
        return where | {"CREATE_TABLE": "n"}
    from store.postgres import environment  # noqa: PLC0415 — PostgreSQL is an extra

    return environment(settings.servers["events"])


def prepare_directories(settings: Settings) -> None:
    """Make the data and keys directories, readable by their owner only."""
    for directory in (settings.data_dir, settings.keys_dir, *(path.parent for path in settings.files.values())):
        try:
            directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise CommandRefused(f"Le répertoire {directory} ne peut pas être créé : {why(error)}.") from error
    for directory in (settings.data_dir, settings.keys_dir):
        directory.chmod(_PRIVATE)


@contextmanager
def founding_alone(settings: Settings) -> Iterator[None]:
    """One process at a time makes what is missing; the lock is the keys directory, which all hosts share."""
    descriptor = os.open(settings.keys_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def prepare_secret(settings: Settings, random_bytes: Callable[[int], bytes]) -> None:
    """Make the master secret once, unless the operator keeps it elsewhere or the stores already need another one."""
    path = settings.master_secret_file
    if settings.master_secret is not None or path.exists():
        return
    if _has_keys(settings):
        raise CommandRefused(
            f"Le secret maître {path} manque alors que des données existent : "
            "restaurez ce fichier, rien ne s’ouvre sans lui."
        )
    new_master_file(path, random_bytes(SECRET_BYTES))


def _has_keys(settings: Settings) -> bool:
    if "keys" in settings.files:
        return settings.files["keys"].exists()
    engine = open_store(settings, "keys")
    try:
        return found_version(engine, "keys") is not None
    finally:
        engine.dispose()


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
    if not settings.files.get("events", settings.data_dir).exists():
        raise CommandRefused(f"Aucune installation dans {settings.data_dir} : lancez d’abord « suivi init ».")
    if not os.access(settings.data_dir, os.W_OK):
        raise CommandRefused(f"Le répertoire {settings.data_dir} n’est pas accessible en écriture.")


def _secret_file(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CommandRefused(f"Le secret maître {path} est lisible par d’autres : lancez « chmod 600 {path} ».")
        return path.read_text()
    except OSError as error:
        raise CommandRefused(
            f"Le secret maître {path} ne peut pas être lu ({why(error)}) : "
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
