"""A database that cannot keep what Suivi promises is refused in words the operator can act on."""

import pytest

from store.engines import RefusedPragma, RemoteFiles, UnsafeStore
from suivi.opening import _in_words
from suivi.refusals import CommandRefused


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RefusedPragma("secure_delete", 0, 1), "réglage secure_delete (0 au lieu de 1)"),
        (RemoteFiles("events.sqlite3", "nfs4"), "events.sqlite3 est sur un système de fichiers réseau (nfs4)"),
        (UnsafeStore("the address of the PostgreSQL server cannot be read"), "Le serveur PostgreSQL ne convient pas"),
    ],
)
def test_an_unsafe_store_is_refused_in_french(error: UnsafeStore, told: str) -> None:
    with pytest.raises(CommandRefused) as caught, _in_words():
        raise error
    assert told in str(caught.value)
    assert str(error) not in str(caught.value)
