"""The advisory locks taken on PostgreSQL; their numbers belong to a database, so they stand together."""

from typing import Final

CREATION: Final = 7411
"""Making schemas and tables: « IF NOT EXISTS » does not protect from another process that makes the same."""
KEYRING_TURN: Final = 7412
"""Turning the keyring to another epoch; held by a session until all keys are wrapped again."""
INSERT: Final = 7413
"""Drawing the numbers of new facts; held until their transaction ends, so that numbers follow the order of commits."""
REBUILD: Final = 7414
"""Building the read models again; held by a session until the new ones serve."""
