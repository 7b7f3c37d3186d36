"""Which databases the proofs run on: SQLite, and PostgreSQL where ``SUIVI_FAULTS_STORES`` names it."""

import os
from uuid import uuid4

STORES = tuple(os.environ.get("SUIVI_FAULTS_STORES", "sqlite").split(","))


def environment_of(kind: str) -> dict[str, str]:
    """The addresses of the stores: none for the files of the data directory, else a database of its own."""
    if kind == "sqlite":
        return {}
    url = _new_database(os.environ["SUIVI_TEST_POSTGRES_URL"])
    return {f"SUIVI_{name}_URL": url for name in ("EVENTS", "VIEWS", "KEYS", "ACCOUNTS")}


def _new_database(url: str) -> str:
    import psycopg  # noqa: PLC0415 — an extra, needed only here

    name = f"suivi_faults_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # our own name
    return f"{url.rpartition('/')[0]}/{name}"
