"""The citizen who asks, as the common block of every form describes him; sealed wherever it is stored."""

import msgspec


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """A postal address in France or abroad."""

    line1: str
    postal_code: str
    city: str
    line2: str | None = None
    country: str | None = None

    def __repr__(self) -> str:
        return "Address()"


class Applicant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Civility (Mme, M. or none), nom de naissance, nom d'usage (shown first), prénoms, and how to reach him."""

    last_name: str
    first_name: str
    civility: str | None = None
    usage_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Address | None = None

    @property
    def short_name(self) -> str:
        """How lists show him: NOM Prénom."""
        return f"{(self.usage_name or self.last_name).upper()} {self.first_name}"

    @property
    def courtesy_name(self) -> str:
        """How letters address him."""
        return " ".join(filter(None, (self.civility, self.first_name, self.usage_name or self.last_name)))

    def __repr__(self) -> str:
        return "Applicant()"


def read_applicant(text: str) -> Applicant:
    """An applicant out of what was sealed."""
    return msgspec.json.decode(text, type=Applicant)


def written_applicant(applicant: Applicant) -> str:
    """An applicant as it is sealed."""
    return msgspec.json.encode(applicant).decode()
