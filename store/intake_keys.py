"""Which demand answers which ``Idempotency-Key`` or ``external_id``: keyed hashes only, written with the fact."""

from typing import Final

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, select

metadata: Final = MetaData()
intake_keys: Final = Table(
    "intake_keys",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("reference", Text, nullable=False),
)
found: Final = select(intake_keys.c.fingerprint, intake_keys.c.reference)
