"""The town hall itself: its name, services, hotline, calendar and the codes agents choose from."""

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Self

import msgspec

from domain.errors import Invalid, UnknownCode
from domain.facts import Command, Fact, FirstFact, Subject
from domain.references import stream_id
from domain.timetable import Timetable

_DIGITS: Final = re.compile(r"\d{6}")
LONGEST_CODE: Final = 80
LONGEST_SERVICE: Final = 100
LONGEST_NAME: Final = 200
LONGEST_DAYS: Final = 3_650
MOST_DAYS: Final = 366
MOST_WARNINGS: Final = 5
MOST_MAILS: Final = 60_000
VOCABULARIES: Final = ("event_type", "reason", "outcome")


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """How citizens reach a service or the hotline."""

    address: str = ""
    email: str = ""
    phone: str = ""
    fax: str = ""

    @property
    def complete(self) -> bool:
        """Whether it is what an acknowledgement must give: a postal or e-mail address, and a telephone (R112-11-1)."""
        return bool((self.address or self.email) and self.phone)


class Term(msgspec.Struct, frozen=True):
    """A configured code and what agents read; kept in clear for ever, so nothing personal may hide in it."""

    code: str
    label: str


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the town decides for itself; ``soon_late_days`` before the due date a demand is marked « bientôt ».

    A demand that waits too long is reminded of every ``reminder_every_days``, unless its procedure has a period of its
    own; agents are warned so many days before a deletion. No more than ``mails_per_minute`` leave (0: as many as can).
    """

    name: str = "Mairie"
    hotline: Contact = Contact()
    soon_late_days: int = 3
    alsace_moselle: bool = False
    archive_after_days: int = 365
    reminder_every_days: int = 7
    reminder_times: Timetable = Timetable()
    digest_times: Timetable = Timetable()
    expiry_warning_days: tuple[int, ...] = (30, 7)
    mails_per_minute: int = 600

    def check(self) -> None:
        """Raise Invalid with every setting that cannot be kept, each under its path."""
        errors = {path: [sentence] for path, sentence in _faults(self)}
        if errors:
            raise Invalid(errors)


class Townhall(Subject):
    """One town hall per installation."""

    class Event(Fact):
        """Any fact of the town hall."""

    class Founded(FirstFact, Event):
        """Suivi is installed for this town."""

        topic = "townhall.founded:1"
        shows: ClassVar = ("settings",)
        settings: Settings

        def apply(self, aggregate: "Townhall") -> None:
            aggregate.settings = self.settings

    class SettingsChanged(Event):
        """Name, hotline, calendar or thresholds change."""

        topic = "townhall.settings-changed:1"
        shows: ClassVar = ("settings",)
        settings: Settings

        def apply(self, aggregate: "Townhall") -> None:
            aggregate.settings = self.settings

    class ServiceSet(Event):
        """A service is created, or its contact changes."""

        topic = "townhall.service-set:1"
        shows: ClassVar = ("service", "contact")
        service: str
        contact: Contact

        def apply(self, aggregate: "Townhall") -> None:
            aggregate.services[self.service] = self.contact

    class TermsAdded(Event):
        """New event types, waiting reasons or outcomes may be chosen."""

        topic = "townhall.terms-added:1"
        shows: ClassVar = ("vocabulary", "terms")
        vocabulary: str
        terms: tuple[Term, ...]

        def apply(self, aggregate: "Townhall") -> None:
            aggregate.vocabularies[self.vocabulary].update((term.code, term.label) for term in self.terms)
            aggregate.withdrawn[self.vocabulary].difference_update(term.code for term in self.terms)

    class TermWithdrawn(Event):
        """A code may no longer be chosen; what was recorded under it keeps its label."""

        topic = "townhall.term-withdrawn:1"
        shows: ClassVar = ("vocabulary", "code")
        vocabulary: str
        code: str

        def apply(self, aggregate: "Townhall") -> None:
            aggregate.withdrawn[self.vocabulary].add(self.code)

    def born(self) -> None:
        """A town hall before its first fact."""
        super().born()
        self.settings = Settings()
        self.services: dict[str, Contact] = {}
        self.vocabularies: dict[str, dict[str, str]] = {name: {} for name in VOCABULARIES}
        self.withdrawn: dict[str, set[str]] = {name: set() for name in VOCABULARIES}

    @classmethod
    def found(cls, command: Command, settings: Settings) -> Self:
        """Install Suivi for a town; raises Invalid."""
        settings.check()
        return cls._begin(TOWNHALL_ID, cls.Founded, command, settings=settings)

    def change_settings(self, settings: Settings) -> None:
        """Change what the town decides; the same again changes nothing; raises Invalid."""
        settings.check()
        if settings != self.settings:
            self._add(self.SettingsChanged, settings=settings)

    def set_service(self, service: str, contact: Contact | None = None) -> None:
        """Create a service or change how citizens reach it; without a contact an existing one keeps its own."""
        if not 1 <= len(service.strip()) <= LONGEST_SERVICE or not service.isprintable():
            raise Invalid({"service": [f"Un nom de service de 1 à {LONGEST_SERVICE} caractères."]})
        wanted = contact if contact is not None else self.services.get(service, Contact())
        if self.services.get(service) != wanted:
            self._add(self.ServiceSet, service=service, contact=wanted)

    def contact_of(self, service: str) -> Contact:
        """How citizens reach a service: its own contact, else the hotline."""
        own = self.services.get(service, Contact())
        return own if own != Contact() else self.settings.hotline

    def offered(self, vocabulary: str) -> dict[str, str]:
        """The codes that may be chosen now, each with its label; ``vocabularies`` has those of former times too."""
        withdrawn = self.withdrawn[vocabulary]
        return {code: label for code, label in self.vocabularies[vocabulary].items() if code not in withdrawn}

    def add_terms(self, vocabulary: str, terms: Iterable[Term]) -> None:
        """Offer codes, new, withdrawn before or under another label; those offered just so are left alone."""
        offered = self.offered(vocabulary)
        new = tuple(term for term in terms if offered.get(term.code) != term.label)
        for term in new:
            for said in (term.code, term.label):
                if not is_clear_code(said):
                    raise Invalid({vocabulary: [f"« {said} » : 80 caractères au plus, sans @ ni suite de 6 chiffres."]})
        if new:
            self._add(self.TermsAdded, vocabulary=vocabulary, terms=new)

    def remember_term(self, vocabulary: str, term: Term) -> None:
        """Name a code of former times without offering it, unless it is the only one; a known one stays as it is."""
        if term.code in self.vocabularies[vocabulary]:
            return
        self.add_terms(vocabulary, [term])
        if len(self.offered(vocabulary)) > 1:
            self.withdraw_term(vocabulary, term.code)

    def withdraw_term(self, vocabulary: str, code: str) -> None:
        """Offer a code no longer; the last one stays, or an action could not be done; raises UnknownCode, Invalid."""
        if code in self.withdrawn[vocabulary]:
            return
        if set(self.offered(vocabulary)) == {self.require(vocabulary, code)}:
            raise Invalid({"code": ["C’est le dernier : ajoutez-en un autre avant de le retirer."]})
        self._add(self.TermWithdrawn, vocabulary=vocabulary, code=code)

    def require(self, vocabulary: str, code: str) -> str:
        """The code, if the town offers it; raises UnknownCode."""
        offered = self.offered(vocabulary)
        if code not in offered:
            raise UnknownCode(code, offered)
        return code


def is_clear_code(code: str) -> bool:
    """Whether a code may be kept in clear for ever: short, and nothing like an address or a number of somebody."""
    return (
        1 <= len(code.strip()) <= LONGEST_CODE and code.isprintable() and "@" not in code and not _DIGITS.search(code)
    )


def _faults(settings: Settings) -> Iterator[tuple[str, str]]:
    if not 1 <= len(settings.name.strip()) <= LONGEST_NAME or not settings.name.isprintable():
        yield "name", f"Un nom de 1 à {LONGEST_NAME} caractères."
    if not 1 <= settings.reminder_every_days <= MOST_DAYS:
        yield "reminder_every_days", f"De 1 à {MOST_DAYS} jours."
    for name in ("soon_late_days", "archive_after_days"):
        if not 0 <= getattr(settings, name) <= LONGEST_DAYS:
            yield name, f"De 0 à {LONGEST_DAYS} jours."
    for path in ("reminder_times", "digest_times"):
        yield from ((f"{path}.{name}", sentence) for name, sentence in getattr(settings, path).faults())
    warnings = settings.expiry_warning_days
    if len(warnings) > MOST_WARNINGS or not all(1 <= days <= MOST_DAYS for days in warnings):
        yield "expiry_warning_days", f"{MOST_WARNINGS} avertissements au plus, de 1 à {MOST_DAYS} jours avant."
    if not 0 <= settings.mails_per_minute <= MOST_MAILS:
        yield "mails_per_minute", f"De 0 (sans limite) à {MOST_MAILS} courriels par minute."


TOWNHALL_ID: Final = stream_id("townhall", "")
Townhall.Founded.begins = Townhall
