"""The codes that agents choose from: added, put under another label, withdrawn, offered again."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from marshmallow import ValidationError, fields
from msgspec import Struct
from werkzeug import Response
from werkzeug.exceptions import NotFound

from domain.errors import Invalid
from domain.rights import Role
from domain.townhall import LONGEST_CODE, VOCABULARIES, Term, Townhall, is_clear_code
from web import current
from web.access import allowed
from web.administration.blueprint import administration
from web.forms import Form, Length, OneOf, rerender

NAMES: Final[Mapping[str, str]] = {
    "event_type": "Types d’événement",
    "reason": "Motifs de mise en attente",
    "outcome": "Issues de la clôture",
}
OFFER, WITHDRAW = "offer", "withdraw"


class Choice(Struct, frozen=True):
    """One code, what agents read, and whether it may be chosen now."""

    code: str
    label: str
    offered: bool


class Clear(fields.String):
    """A short text that is kept in clear for ever: nothing that looks like somebody's address or number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        text = " ".join(super()._deserialize(value, attr, data, **more).split())
        if len(text) <= LONGEST_CODE and not is_clear_code(text):
            raise ValidationError("Ni @ ni suite de 6 chiffres\u00a0: ce texte est gardé en clair pour toujours.")
        return text


def _clear() -> Clear:
    return Clear(required=True, validate=Length(max=LONGEST_CODE))


class Named(Form):
    """Which vocabulary is meant."""

    vocabulary = fields.String(required=True, validate=OneOf(VOCABULARIES))


class NewTerm(Named):
    """A new code and its label."""

    code = _clear()
    label = _clear()


class Decided(Form):
    """What becomes of a code."""

    decision = fields.String(required=True, validate=OneOf([OFFER, WITHDRAW]))


class Label(Form):
    """What agents read from now on."""

    label = _clear()


def vocabularies_page() -> dict[str, Any]:
    """What the page of all vocabularies shows."""
    townhall = current.parts().office.directory.townhall()
    groups = [(name, title, _choices(townhall, name)) for name, title in NAMES.items()]
    return {"groups": groups, "version": current.seen_version() or townhall.version, "longest": LONGEST_CODE}


def term_page() -> dict[str, Any]:
    """What the page of one code shows; an unknown code is not found."""
    townhall = current.parts().office.directory.townhall()
    vocabulary, code = request.values.get("vocabulary", ""), request.values.get("code", "")
    found = next((one for one in _choices(townhall, vocabulary) if one.code == code), None)
    if found is None:
        raise NotFound("Ce code n’existe pas.")
    return {
        "vocabulary": vocabulary,
        "title": NAMES[vocabulary],
        "choice": found,
        "version": current.seen_version() or townhall.version,
        "longest": LONGEST_CODE,
    }


@administration.get("/vocabulaires")
@allowed(Role.ADMIN)
def vocabularies() -> str:
    """Types d’événement, motifs, issues."""
    return render_template("administration/vocabularies.html", **vocabularies_page())


@administration.post("/vocabulaires")
@allowed(Role.ADMIN)
@rerender("administration/vocabularies.html", vocabularies_page)
def add_term() -> Response:
    """Ajouter un code."""
    typed = NewTerm().load(request.form)
    vocabulary, term = typed["vocabulary"], Term(typed["code"], typed["label"])
    _refuse_known(vocabulary, term)
    _save(vocabulary, term.code, lambda townhall: townhall.add_terms(vocabulary, [term]))
    flash(f"«\u00a0{term.label}\u00a0» est proposé aux agents dès maintenant.")
    return redirect(url_for(".vocabularies", _anchor=vocabulary), 303)


@administration.get("/vocabulaires/libelle")
@allowed(Role.ADMIN)
def term() -> Response | str:
    """Un code et son libellé."""
    if not request.values.get("code"):
        return _unnamed()
    return render_template("administration/term.html", **term_page())


@administration.post("/vocabulaires/libelle")
@allowed(Role.ADMIN)
@rerender("administration/term.html", term_page)
def change_term() -> Response:
    """Changer le libellé d’un code, le retirer, le remettre au choix."""
    if not request.values.get("code"):
        return _unnamed()
    page = term_page()
    vocabulary, code = page["vocabulary"], page["choice"].code
    if Decided().load(request.form)["decision"] == WITHDRAW:
        _save(vocabulary, code, lambda townhall: townhall.withdraw_term(vocabulary, code))
        flash(f"«\u00a0{page['choice'].label}\u00a0» n’est plus proposé\u00a0; l’historique garde son libellé.")
    else:
        renamed = Term(code, Label().load(request.form)["label"])
        _refuse_twin(vocabulary, renamed)
        _save(vocabulary, code, lambda townhall: townhall.add_terms(vocabulary, [renamed]))
        flash(f"Les agents lisent «\u00a0{renamed.label}\u00a0» dès maintenant, dans l’historique aussi.")
    return redirect(url_for(".vocabularies", _anchor=vocabulary), 303)


def _unnamed() -> Response:
    flash("Choisissez un code.")
    return redirect(url_for(".vocabularies"), 303)


def _save(vocabulary: str, code: str, change: Callable[[Townhall], None]) -> None:
    directory = current.parts().office.directory
    seen = current.seen_version() or directory.townhall().version
    directory.change_term(current.command(), vocabulary, code, change, seen)


def _refuse_known(vocabulary: str, term: Term) -> None:
    """The same code under another label is not added but renamed, on its own page."""
    label = current.parts().office.directory.townhall().vocabularies[vocabulary].get(term.code)
    if label is not None and label != term.label:
        raise Invalid(
            {"code": [f"Ce code existe déjà, sous le libellé «\u00a0{label}\u00a0»\u00a0: changez-le plutôt."]}
        )
    _refuse_twin(vocabulary, term)


def _refuse_twin(vocabulary: str, term: Term) -> None:
    """Two choices that read alike would be told apart by nobody."""
    offered = current.parts().office.directory.townhall().offered(vocabulary)
    twins = [code for code, label in offered.items() if label.casefold() == term.label.casefold() and code != term.code]
    if twins:
        raise Invalid({"label": [f"C’est déjà le libellé du code {twins[0]}."]})


def _choices(townhall: Townhall, vocabulary: str) -> list[Choice]:
    """The codes of one vocabulary, those that are offered first, each group in the order they were added."""
    withdrawn = townhall.withdrawn.get(vocabulary, set())
    labels = townhall.vocabularies.get(vocabulary, {})
    found = [Choice(code, label, code not in withdrawn) for code, label in labels.items()]
    return sorted(found, key=lambda one: not one.offered)
