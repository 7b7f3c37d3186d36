"""Believable answers to any form: tables by field name first, then the kind of name, then the type."""

import json
import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files
from typing import Any, Final

from suivi.demo import people

_TABLES: Final[dict[str, Any]] = json.loads(files(__package__).joinpath("answers.json").read_text(encoding="utf-8"))
_OPTIONAL_ANSWERED: Final = 0.6
_SAME_NAME: Final = 0.8
_ADULT_DAYS: Final = (-27_000, -7_000)
_PLAUSIBLE: Final = ("Sans objet", "Oui", "À préciser", "########", "#####", "##", "@@-####", "@########", "09:00")


def answers(
    definition: dict[str, Any], rng: random.Random, today: date, *, applicant: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Answers that the form accepts; an applicant who asks for himself is named as he is in the common block."""
    form = _Form(definition["code"], rng, today, applicant)
    for field in definition["fields"]:
        if field["type"] != "file" and form.shows(field) and form.wants(field):
            form.given[field["name"]] = form.answer(field)
    return form.given


class _Form:
    def __init__(self, code: str, rng: random.Random, today: date, applicant: dict[str, Any] | None) -> None:
        self.code, self.rng, self.today, self.applicant = code, rng, today, applicant
        self.given: dict[str, Any] = {}

    def shows(self, field: dict[str, Any]) -> bool:
        condition = field.get("show_if")
        if condition is None:
            return True
        given, wanted = self.given.get(condition["field"]), condition["equals"]
        values = given if isinstance(given, list) else [given]
        return any(value in (wanted if isinstance(wanted, list) else [wanted]) for value in values)

    def wants(self, field: dict[str, Any]) -> bool:
        name = field["name"]
        if name in _TABLES["together"]:
            return _TABLES["together"][name] in self.given
        return bool(field.get("required")) or self.rng.random() < _OPTIONAL_ANSWERED

    def answer(self, field: dict[str, Any]) -> Any:
        by_type: dict[str, Callable[[dict[str, Any]], Any]] = {
            "text": self.text,
            "date": self.day,
            "email": self.mail,
            "phone": self.phone,
            "number": self.number,
            "choice": self.choice,
            "multiple_choice": self.several,
            "yes_no": self.yes,
            "address": self.place,
        }
        return by_type[field["type"] if field["type"] in by_type else "text"](field)

    def row(self, table: str, name: str) -> Any:
        rows = _TABLES[table]
        precise = [f"{self.code}.{name}.{self.given[other]}" for other in _TABLES["qualifiers"] if other in self.given]
        return next((rows[key] for key in (*precise, f"{self.code}.{name}", name) if key in rows), None)

    def day(self, field: dict[str, Any]) -> str:
        adult = _ADULT_DAYS if "birth" in field["name"] else (-60, -1)
        anchor, first, last = self.row("dates", field["name"]) or ("today", *adult)
        origin = date.fromisoformat(self.given[anchor]) if anchor in self.given else self.today
        return str(origin + timedelta(days=self.rng.randint(first, last)))

    def number(self, field: dict[str, Any]) -> int:
        lowest = int(field.get("min", 0))
        highest = min(int(field.get("max", lowest + 20)), lowest + 20)
        first, last = self.row("numbers", field["name"]) or (lowest, highest)
        return self.rng.randint(first, last)

    def choice(self, field: dict[str, Any]) -> str:
        values = [choice["value"] for choice in field["choices"]]
        if field["name"] == "child_class" and "child_birth_date" in self.given:
            return str(values[min(max(self._school_year(), 0), len(values) - 1)])
        if field["name"].endswith("gender") and (civility := self._own("civility", field["name"])):
            return "f" if civility == "Mme" else "m"
        weights = self.row("weights", field["name"]) or {}
        return str(self.rng.choices(values, [weights.get(value, 1) for value in values])[0])

    def several(self, field: dict[str, Any]) -> list[str]:
        values = [choice["value"] for choice in field["choices"]]
        chosen = set(self.rng.sample(values, self.rng.randint(1, len(values))))
        return [value for value in values if value in chosen]

    def yes(self, field: dict[str, Any]) -> bool:
        return self.rng.random() < float(self.row("yes", field["name"]) or 0.5)

    def phone(self, field: dict[str, Any]) -> str:
        return self._own("phone", field["name"]) or people.phone(self.rng, mobile=True)

    def mail(self, field: dict[str, Any]) -> str:
        who = field["name"].removesuffix("_email")
        first = str(self.given.get(f"{who}_first_names", people.first_name(self.rng))).partition(",")[0]
        return people.email(self.rng, first, self.given.get(f"{who}_last_name", people.last_name(self.rng)))

    def place(self, field: dict[str, Any]) -> dict[str, Any]:
        own = (self.applicant or {}).get("address")
        if own and field["name"] in _TABLES["own_addresses"]:
            return dict(own)
        where = self.row("places", field["name"])
        if where in ("here", "elsewhere", None):
            return (people.elsewhere if where == "elsewhere" else people.address)(self.rng)
        return people.abroad(self.rng, where)

    def text(self, field: dict[str, Any]) -> str:
        return self._fitting(field, (self.row("texts", field["name"]), self._of_a_person(field["name"]), _PLAUSIBLE))

    def _fitting(self, field: dict[str, Any], sources: tuple[Any, ...]) -> str:
        for source in sources:
            texts = [self._filled(text) for text in source or ()]
            if fitting := [text for text in texts if _accepts(field, text)]:
                return fitting[0] if source is _PLAUSIBLE else self.rng.choice(fitting)
        raise ValueError(f"{self.code}.{field['name']}: no believable answer fits {field.get('pattern')}")

    def _of_a_person(self, name: str) -> list[str]:
        if name.endswith(("_last_name", "_usage_name")):
            return [self._family_name(name)]
        if name.endswith("_first_names"):
            return [self._own("first_name", name) or people.first_names(self.rng, self._gender(name))]
        return [people.full_name(self.rng)] if name.endswith(("_name", "_contact")) else []

    def _family_name(self, name: str) -> str:
        known = {**self.given, "applicant": (self.applicant or {}).get("last_name")}
        kin = [known[relative] for relative in _TABLES["kin"].get(name, ()) if known.get(relative)]
        shared = kin[0] if kin and self.rng.random() < _SAME_NAME else people.last_name(self.rng)
        return self._own("last_name", name) or str(shared)

    def _own(self, part: str, name: str) -> str | None:
        himself = name.partition("_")[0] in _TABLES["himself"] and self.given.get("quality", "self") == "self"
        known = (self.applicant or {}).get(part)
        return str(known) if himself and known else None

    def _gender(self, name: str) -> str | None:
        prefix = name.removesuffix("_first_names")
        gender: str | None = self.given.get(f"{prefix}_gender") or _TABLES["genders"].get(prefix)
        return gender

    def _filled(self, mask: str) -> str:
        mask = mask.replace("¤", f"{self.today.year % 100:02}").replace("§", people.full_name(self.rng))
        digits = re.sub("#", lambda _: str(self.rng.randrange(10)), mask)
        return re.sub("@", lambda _: self.rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ"), digits)

    def _school_year(self) -> int:
        """The child's rank in the eight classes, from petite section; school begins in September."""
        begins = self.today.year - (self.today.month < 9)
        return begins - date.fromisoformat(self.given["child_birth_date"]).year - 3


def _accepts(field: dict[str, Any], text: str) -> bool:
    pattern, longest = field.get("pattern"), field.get("max_length")
    return (not longest or len(text) <= longest) and (not pattern or re.fullmatch(pattern, text) is not None)
