"""The histories file: one demand a line, with its past, in JSON Lines, plain or gzipped."""

import gzip
import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from domain.applicant import Applicant
from domain.definition import CODE
from domain.townhall import LONGEST_CODE
from suivi.refusals import CommandRefused
from suivi.sentences import misshapen
from suivi.system_errors import why

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Line = Annotated[str, Meta(min_length=1, max_length=200)]
Code = Annotated[str, Meta(min_length=1, max_length=LONGEST_CODE)]
AgentCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Text = Annotated[str, Meta(max_length=20_000)]
Instant = Annotated[datetime, Meta(tz=True)]
Action = Literal["take_in_charge", "add_event", "put_on_hold", "resume", "reassign", "close"]
_EMAIL: Final = re.compile(r"[^@\s,;<>\x00-\x1f]{1,64}@[^@\s,;<>\x00-\x1f]{1,188}")
_GZIP: Final = b"\x1f\x8b"


class PostalAddress(msgspec.Struct, frozen=True):
    """The address block of a history."""

    line1: Line
    postal_code: Annotated[str, Meta(min_length=1, max_length=20)]
    city: Line
    line2: Line | None = None
    country: Line | None = None


class Person(msgspec.Struct, frozen=True):
    """The applicant block of a history."""

    last_name: Name
    first_name: Name
    civility: Literal["Mme", "M."] | None = None
    usage_name: Name | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    address: PostalAddress | None = None


class Step(msgspec.Struct, frozen=True):
    """One thing an agent did."""

    at: Instant
    agent: AgentCode
    action: Action
    event_type: Code | None = None
    reason: Code | None = None
    to: AgentCode | None = None
    outcome: Code | None = None
    comment: Text | None = None
    detail: Text | None = None
    note: Text | None = None


class History(msgspec.Struct, frozen=True):
    """One demand and all that happened to it, elsewhere, before."""

    external_id: Annotated[str, Meta(min_length=1, max_length=200)]
    procedure: Annotated[str, Meta(pattern=f"^{CODE.pattern}$")]
    channel: Annotated[str, Meta(pattern=r"^[a-z-]{1,20}$")]
    submitted_at: Instant
    applicant: Person
    answers: dict[str, Any] = {}
    history: list[Step] = []

    def person(self) -> Applicant:
        """The applicant as the rules know him."""
        return msgspec.convert(msgspec.to_builtins(self.applicant), Applicant)


class BadLine(Exception):
    """A line that is refused whole; its message says why and repeats nothing personal."""


_decode: Final = msgspec.json.Decoder(History).decode


def read_history(line: bytes) -> History:
    """The history in a line; raises BadLine naming the field that is wrong, never its value."""
    try:
        history = _decode(line)
    except msgspec.ValidationError as error:
        path, what = misshapen(error)
        raise BadLine(f"{path} : {what}" if path else what) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLine("JSON illisible ou tronqué") from error
    if history.applicant.email and not _EMAIL.fullmatch(history.applicant.email):
        raise BadLine("applicant.email : adresse électronique incorrecte")
    _require_order(history)
    return history


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, plain or gzipped; raises CommandRefused when it cannot be read to its end."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == _GZIP
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            yield from file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CommandRefused(
            f"{path.name} est abîmé ou tronqué : rien n’a été importé, copiez-le à nouveau."
        ) from error
    except OSError as error:
        raise CommandRefused(f"{path.name} ne peut pas être lu : {why(error)}.") from error


def _require_order(history: History) -> None:
    before = history.submitted_at
    for number, step in enumerate(history.history, start=1):
        if step.at < before:
            raise BadLine(f"étape {number} : sa date précède celle de l’étape d’avant")
        before = step.at
