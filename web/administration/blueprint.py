"""The address under which administrators find their pages, and what they are told when a colleague was faster."""

from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from domain.facts import Subject
from domain.rights import Role
from web import current
from web.access import allowed
from web.errors import answer
from web.filters import agent_name

administration: Final = Blueprint("administration", __name__, url_prefix="/administration")


class ChangedMeanwhile(Exception):
    """Another administrator saved the same settings since the page was shown."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} saved since")
        self.by = by


@administration.get("")
@allowed(Role.ADMIN)
def home() -> str:
    """L’administration."""
    return render_template("administration/home.html", counts=current.parts().outbox.counts())


@administration.errorhandler(ChangedMeanwhile)
def changed_meanwhile(error: ChangedMeanwhile) -> ResponseReturnValue:
    """Nothing is saved over a colleague's change."""
    said = (
        f"{agent_name(error.by)} a enregistré d’autres réglages depuis que vous avez ouvert la page. "
        "Rien n’a été enregistré : ouvrez-la de nouveau, puis recommencez."
    )
    return answer(409, "Réglages modifiés entre-temps", said)


def require_unchanged(subject: Subject) -> None:
    """Raise ChangedMeanwhile when another agent acted since the version in the form's hidden ``version``."""
    seen = current.seen_version()
    by = None if seen is None else subject.other_agent_since(seen, current.agent().code)
    if by is not None:
        raise ChangedMeanwhile(by)
