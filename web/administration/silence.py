"""What the law makes of the town hall's silence, as administrators choose it for one procedure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from marshmallow import ValidationError, fields, validates_schema

from domain.definition import LONGEST_APPEAL, LONGEST_SILENCE_MONTHS
from domain.letters import Silence
from web.forms import Form, Length, OneOf, Range

NONE: Final = "none"
EFFECTS: Final = (
    ("acceptance", "la demande est réputée acceptée"),
    ("refusal", "la demande est réputée refusée"),
    (NONE, "le silence ne vaut ni acceptation ni refus"),
)


class ChosenSilence(Form):
    """Effect, months and ways of appeal; a form without an effect says nothing of silence."""

    silence_effect = fields.String(load_default=None, validate=OneOf([code for code, _ in EFFECTS]))
    silence_months = fields.Integer(load_default=None, validate=Range(1, LONGEST_SILENCE_MONTHS))
    silence_appeal = fields.String(load_default="", validate=Length(max=LONGEST_APPEAL))

    @validates_schema
    def usable(self, typed: dict[str, Any], **_: Any) -> None:
        """An effect comes after some months, and only a refusal is appealed against."""
        effect = typed.get("silence_effect")
        if effect in ("acceptance", "refusal") and typed.get("silence_months") is None:
            raise ValidationError("À renseigner.", "silence_months")
        if effect != "refusal" and typed.get("silence_appeal", "").strip():
            raise ValidationError(
                "Il n’y a de voies de recours que si le silence vaut refus\u00a0: videz ce champ, ou changez l’effet.",
                "silence_appeal",
            )


def silence_after(before: Silence, typed: Mapping[str, Any]) -> Silence:
    """What was chosen; no effect at all leaves it as it was, no months those there were."""
    effect = typed["silence_effect"]
    if effect is None:
        return before
    appeal = typed["silence_appeal"].strip() or msgspec.UNSET
    return Silence(None if effect == NONE else effect, typed["silence_months"] or before.months, appeal)
