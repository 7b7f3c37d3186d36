"""Opening an installation for a command: settings from the environment, the clock and randomness of the system."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import Refused
from domain.facts import Command, UnreadableFact
from projections.views import WrongViews
from store.engines import RefusedPragma, RemoteFiles, UnsafeStore
from store.epochs import MissingEpoch
from store.secrets import BadSecret
from suivi.compose import Installation
from suivi.refusals import CommandRefused
from suivi.sentences import sentence, stopped
from suivi.settings import Settings, read_settings
from suivi.stores import WRONG_VIEWS, wrong_secret

_UNDONE: Final = "rien n’a été changé par cette opération"


def now() -> datetime:
    """The instant it is."""
    return datetime.now(UTC)


def settings() -> Settings:
    """The settings of the environment."""
    return read_settings(os.environ)


@contextmanager
def opened(
    chosen: Settings | None = None, *, catching_up: bool = True, views: bool = True, undone: str = _UNDONE
) -> Iterator[Installation]:
    """The installation of the environment, its read models up to date before and after unless they are in doubt.

    ``undone`` says what a database that refuses leaves of the command.
    """
    found = chosen or settings()
    with _in_words(undone), Installation.open(found, now, secrets.token_bytes, views=views) as installation:
        if catching_up:
            installation.projector.catch_up()
        yield installation
        if catching_up:
            installation.projector.catch_up()


@contextmanager
def acting() -> Iterator[Installation]:
    """The same for what is decided from facts alone: lists that are stopped do not hold it back, and are told last."""
    with opened(catching_up=False) as installation:
        yield installation
        try:
            installation.projector.catch_up()
        except UnreadableFact as error:
            raise CommandRefused(f"C’est fait. Mais {stopped(error)}") from error
        except Exception as error:
            if not (isinstance(error, WrongViews) or _of_a_database(error)):
                raise
            raise CommandRefused(f"C’est fait. Mais les listes ne le montrent pas encore ({_cause(error)}).") from error


@contextmanager
def created(chosen: Settings | None = None) -> Iterator[Installation]:
    """The installation of the environment, made or upgraded first."""
    with _in_words(), Installation.create(chosen or settings(), now, secrets.token_bytes, _shown) as installation:
        yield installation


def _shown(facts: int) -> AbstractContextManager[Callable[[int], None]]:
    from suivi.progress import progress_bar  # noqa: PLC0415 — few commands show one, and it is slow to load

    return progress_bar("Reconstruction", facts)


def by_command_line() -> Command:
    """The author of what the operator types."""
    return Command("system:command-line", now(), str(uuid4()))


@contextmanager
def _in_words(undone: str = _UNDONE) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise CommandRefused(sentence(error)) from error
    except UnreadableFact as error:
        said = stopped(error)
        raise CommandRefused(f"{said[0].upper()}{said[1:]}") from error
    except WrongViews as error:
        raise CommandRefused(WRONG_VIEWS) from error
    except MissingEpoch as error:
        raise CommandRefused("Un fichier de clés manque : restaurez le répertoire des clés.") from error
    except BadSecret as error:
        raise CommandRefused(wrong_secret(error)) from error
    except UnsafeStore as error:
        raise CommandRefused(_unsafe(error)) from error
    except Exception as error:
        if not _of_a_database(error):
            raise
        raise CommandRefused(f"La base de données a refusé ({_cause(error)}) : {undone}.") from error


def _cause(error: Exception) -> str:
    """What the database said, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error.__cause__ or error).split())


def _of_a_database(error: Exception) -> bool:
    """psycopg, which may not be installed, is known by name; what it says comes up bare where the driver is used."""
    known = isinstance(error, sqlite3.Error | SQLAlchemyError | PersistenceError)
    return known or type(error).__module__.partition(".")[0] == "psycopg"


def _unsafe(error: UnsafeStore) -> str:
    match error:
        case RefusedPragma():
            return (
                f"Cette version de SQLite n’obéit pas au réglage {error.pragma} ({error.obeyed} au lieu de "
                f"{error.wanted}), dont dépend la sécurité des données : installez une version courante de SQLite."
            )
        case RemoteFiles():
            return (
                f"{error.name} est sur un système de fichiers réseau ({error.file_system}) : "
                "choisissez un répertoire local (SUIVI_DATA_DIR), ou PostgreSQL."
            )
        case _:
            return (
                "Le serveur PostgreSQL ne convient pas : il faut une adresse lisible (postgresql://…), "
                "PostgreSQL 13 ou plus récent et une base de données en UTF-8."
            )
