"""The common block of every form: who asks, and how to reach him."""

from typing import Any, Final

import msgspec
from marshmallow import ValidationError, post_load

from domain.applicant import Applicant
from domain.errors import Invalid
from web.answer_fields import AddressAnswer, Block, EmailAddress, Line, OneOf, Phone
from web.dotted import dotted

CIVILITIES: Final = ("Mme", "M.")
LONGEST_NAME: Final = 100


class ApplicantBlock(Block):
    """Civilité, nom de naissance, nom d'usage, prénoms, courriel, téléphone, adresse postale."""

    civility = OneOf(CIVILITIES, error_messages={"invalid": "«\u00a0Mme\u00a0», «\u00a0M.\u00a0» ou rien."})
    last_name = Line(LONGEST_NAME, required=True)
    usage_name = Line(LONGEST_NAME)
    first_name = Line(LONGEST_NAME, required=True)
    email = EmailAddress()
    phone = Phone()
    address = AddressAnswer()

    @post_load
    def made(self, data: dict[str, Any], **_: Any) -> Applicant:
        """The citizen as the domain knows him."""
        return msgspec.convert(data, Applicant)


_BLOCK: Final = ApplicantBlock()


def judged_applicant(raw: Any) -> Applicant:
    """The citizen; raises Invalid with the faults under ``applicant.<name>``."""
    try:
        applicant: Applicant = _BLOCK.load(raw)
    except ValidationError as error:
        raise Invalid(dotted(error.messages, "applicant")) from None
    return applicant
