"""The kinds of answers that citizens give, each with its limits and its messages in French."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from marshmallow import Schema, fields, pre_load

from web.directions import without_directions

LONGEST_LINE: Final = 500
LONGEST_TEXT: Final = 10_000
LONGEST_EMAIL: Final = 254
LARGEST_NUMBER: Final = 10**15
_DIGITS_OF_A_PHONE: Final = range(6, 16)
_OUTSIDE_LINES: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_OUTSIDE_TEXTS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PHONE: Final = re.compile(r"\+?[0-9 .()/\-]{4,30}")
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")
_LONGEST_LOCAL_PART: Final = 64


def given(value: Any) -> bool:
    """Whether somebody answered at all: blank texts and empty lists are no answer, « no » and zero are."""
    if isinstance(value, str):
        return bool(without_directions(value).strip())
    return value is not None and value != []


def says(**messages: str) -> Any:
    """The sentences of a field or of a schema, by the library's names for what is wrong."""
    return messages


class Block(Schema):
    """A block of fields: blanks count as not given, and a field that does not exist is refused by its name."""

    error_messages = says(unknown="Ce champ n’existe pas.", type="Un objet est attendu.")

    @pre_load
    def leave_blanks_out(self, data: Any, **_: Any) -> Any:
        """Keep what was answered."""
        if not isinstance(data, Mapping):
            return data
        return {name: value for name, value in data.items() if given(value)}


class Answer(fields.Field[Any]):
    """Any answer; a required one that is absent or null is asked for in the same words."""

    default_error_messages = says(
        required="Ce champ est obligatoire.",
        null="Ce champ est obligatoire.",
        validator_failed="Cette valeur ne convient pas.",
    )


class Line(Answer, fields.String):
    """A text on one line."""

    default_error_messages = says(
        invalid="Un texte est attendu.",
        forbidden="Ce texte contient un caractère interdit.",
        too_long="{longest} caractères au plus.",
        pattern="Ce format ne convient pas.",
    )
    outside = _OUTSIDE_LINES

    def __init__(self, longest: int = LONGEST_LINE, pattern: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest
        self.pattern = re.compile(pattern, re.ASCII) if pattern else None

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text = self.tidied(without_directions(value))
        if len(text) > self.longest:
            raise self.make_error("too_long", longest=self.longest)
        if self.outside.search(text):
            raise self.make_error("forbidden")
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise self.make_error("pattern")
        self.check(text)
        return text

    def tidied(self, text: str) -> str:
        """Without what surrounds it; a tab inside is a space."""
        return text.strip().replace("\t", " ")

    def check(self, text: str) -> None:
        """What a kind of line asks for besides; raises ValidationError."""


class LongText(Line):
    """A text of several lines."""

    outside = _OUTSIDE_TEXTS

    def __init__(self, longest: int = LONGEST_TEXT, pattern: str | None = None, **options: Any) -> None:
        super().__init__(longest, pattern, **options)

    def tidied(self, text: str) -> str:
        """Line ends as browsers and systems write them become one kind."""
        return text.strip().replace("\r\n", "\n").replace("\r", "\n")


class Day(Line):
    """A date of the calendar, kept as it is written: YYYY-MM-DD."""

    default_error_messages = says(day="Une date du calendrier, écrite AAAA-MM-JJ.")

    def check(self, text: str) -> None:
        """The day exists."""
        try:
            readable = _DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None
        except ValueError:
            readable = False
        if not readable:
            raise self.make_error("day")


class EmailAddress(Line):
    """One address that a mail server may be given: no list, no name in front, no quoted or accented part."""

    default_error_messages = says(email="Une seule adresse électronique, comme prenom.nom@exemple.fr.")

    def __init__(self, longest: int = LONGEST_EMAIL, pattern: str | None = None, **options: Any) -> None:
        super().__init__(min(longest, LONGEST_EMAIL), pattern, **options)

    def check(self, text: str) -> None:
        """RFC 5321's everyday form."""
        local, _, domain = text.rpartition("@")
        if len(local) > _LONGEST_LOCAL_PART or not (_LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain)):
            raise self.make_error("email")


class Phone(Line):
    """A French or international telephone number, written as people write them."""

    default_error_messages = says(phone="Un numéro de téléphone, comme 01 23 45 67 89 ou +33 1 23 45 67 89.")

    def tidied(self, text: str) -> str:
        """Copied numbers often bring narrow spaces and invisible marks of direction."""
        visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
        return "".join(" " if unicodedata.category(c) == "Zs" else c for c in visible).strip().replace("\t", " ")

    def check(self, text: str) -> None:
        """Enough digits, and nothing but what separates them."""
        if not _PHONE.fullmatch(text) or sum(c.isdigit() for c in text) not in _DIGITS_OF_A_PHONE:
            raise self.make_error("phone")


class Amount(Answer):
    """A number as JSON writes them: finite, and never true or false."""

    default_error_messages = says(
        invalid="Un nombre est attendu.",
        low="Au moins {bound}.",
        high="Au plus {bound}.",
    )

    def __init__(self, low: float | None = None, high: float | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.low = -LARGEST_NUMBER if low is None else low
        self.high = LARGEST_NUMBER if high is None else high

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.make_error("invalid")
        if value < self.low:
            raise self.make_error("low", bound=_written(self.low))
        if value > self.high:
            raise self.make_error("high", bound=_written(self.high))
        return value


class YesNo(Answer):
    """Yes or no: true or false, nothing that looks like it."""

    default_error_messages = says(invalid="« true » (oui) ou « false » (non) est attendu.")

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class OneOf(Answer):
    """One of the values offered."""

    default_error_messages = says(invalid="Choisissez une des valeurs proposées.")

    def __init__(self, values: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.values = frozenset(values)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        if not isinstance(value, str) or value not in self.values:
            raise self.make_error("invalid")
        return value


class SomeOf(Answer):
    """Some of the values offered, each once, in the order they were given."""

    default_error_messages = says(
        list="Une liste de valeurs est attendue.",
        invalid="Choisissez parmi les valeurs proposées.",
        twice="Chaque valeur une seule fois.",
    )

    def __init__(self, values: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.values = frozenset(values)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> list[str]:
        if not isinstance(value, list):
            raise self.make_error("list")
        if not all(isinstance(one, str) and one in self.values for one in value):
            raise self.make_error("invalid")
        if len(set(value)) != len(value):
            raise self.make_error("twice")
        return value


class Attachment(Answer):
    """A paper that is brought or posted: attachments come with a later version."""

    default_error_messages = says(
        later="Les pièces jointes ne sont pas encore acceptées : cette pièce s’apporte ou s’envoie par la poste."
    )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        raise self.make_error("later")


class PostalAddress(Block):
    """An address in France or abroad, as the common block and the forms ask for it."""

    line1 = Line(200, required=True)
    line2 = Line(200)
    postal_code = Line(12, required=True)
    city = Line(100, required=True)
    country = Line(100)


class AddressAnswer(Answer, fields.Nested):
    """An address inside a block."""

    def __init__(self, **options: Any) -> None:
        super().__init__(PostalAddress, **options)


def _written(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
