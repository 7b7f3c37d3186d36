"""Where a page ended: an opaque, URL-safe mark made of the last row's sort value and number."""

import base64
import binascii
from typing import Final

import msgspec

_LONGEST: Final = 200


class BadCursor(Exception):
    """The cursor was not made by this program, or for another sort."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A row's place in a sorted list."""

    sort: str
    value: int
    seq: int


def written_cursor(place: Place) -> str:
    """A place as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(text: str | None, sort: str) -> Place | None:
    """The place in a cursor; None without one; raises BadCursor when it cannot be one for this sort."""
    if not text:
        return None
    if len(text) > _LONGEST:
        raise BadCursor
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Place)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise BadCursor from error
    if place.sort != sort or not (-(2**63) <= place.value < 2**63 and 0 <= place.seq < 2**63):
        raise BadCursor
    return place
