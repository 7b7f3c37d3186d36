"""Refusals and breakdowns as people read them: one table from what is the case to a status and French words."""

import errno
import traceback
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Final

import sqlalchemy.exc
from eventsourcing.persistence import (
    InterfaceError,
    OperationalError,
    PersistenceError,
)
from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from domain import errors as domain
from domain.ports import LostRace
from domain.status import FINISHED, Status
from projections.cursors import BadCursor
from projections.views import WrongViews
from web import access, current, kept, sessions, wording
from web.changes import changed_since, last_done
from web.filters import agent_name, status_label
from web.problems import for_program, problem
from web.security import LARGEST_BODY

_FRAMES: Final = 8
_HIDDEN: Final = frozenset(
    {"csrf_token", "command_id", "version", "password", "confirmation", "present", "kept", "next", "author"}
)
_FULL_OR_BROKEN: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
_OUT_OF_ORDER: Final = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    WrongViews,
)
UNAVAILABLE: Final = (
    "Service momentanément indisponible",
    "Rien n’a été enregistré. Réessayez dans un instant\u00a0; si cela dure, prévenez l’administrateur.",
)


def _invalid(_: domain.Invalid) -> str:
    return "Corrigez les champs signalés, puis envoyez à nouveau."


def _unknown(error: domain.Unknown) -> str:
    return f"«\u00a0{error.name}\u00a0» n’existe pas."


def _not_allowed_now(error: domain.NotAllowedNow) -> str:
    impossible = wording.IMPOSSIBLE.get(error.fact, "Cette action n’est pas possible sur cette demande")
    first = wording.BEFORE_CLOSURE.get(error.status, "") if error.fact == "Closed" else ""
    done = "" if for_program() else last_done(error.reference)
    return f"{impossible}\u00a0: elle est «\u00a0{_state(error)}\u00a0»{_owner(error)}.{done}{first}"


def _out_of_date(error: domain.OutOfDate) -> str:
    return (
        f"{agent_name(error.by)} a agi sur cette demande depuis que vous avez ouvert la page. "
        f"{changed_since(error.reference, current.seen_version())}"
        f"Elle est maintenant «\u00a0{_state(error)}\u00a0»{_owner(error)}. Relisez-la avant de recommencer."
    )


def _overtaken(error: domain.Overtaken) -> str:
    by = agent_name(error.by.removeprefix("agent:"))
    return f"{by} a été plus rapide. La demande est maintenant «\u00a0{_state(error)}\u00a0»{_owner(error)}."


def _decided(error: domain.AlreadyDecided) -> str:
    return f"Pour ce courriel ({wording.LETTERS.get(error.letter, error.letter)}), la décision est déjà prise."


def _state(error: domain.Conflict) -> str:
    return status_label(error.status).lower()


def _owner(error: domain.Conflict) -> str:
    if not error.owner or error.status in FINISHED:
        return ""
    return f", {'désignée pour' if error.status is Status.UNTREATED else 'suivie par'} {agent_name(error.owner)}"


Words = Callable[[Any], str]
TABLE: Final[tuple[tuple[type[Exception], int, str, Words], ...]] = (
    (domain.Invalid, 422, "Formulaire incomplet", _invalid),
    (domain.UnknownCode, 422, "Valeur inconnue", lambda _: "Choisissez une des valeurs proposées."),
    (BadCursor, 422, "Page de liste inconnue", lambda _: "Reprenez la liste à son début."),
    (
        domain.MiscopiedReference,
        404,
        "Référence mal recopiée",
        lambda error: (
            f"Référence mal recopiée\u00a0: «\u00a0{error.name}\u00a0». Vérifiez les douze derniers caractères."
        ),
    ),
    (
        domain.UnknownDemand,
        404,
        "Demande introuvable",
        lambda _: "Aucune demande ne porte cette référence, ou elle ne relève pas de vos services.",
    ),
    (domain.Unknown, 404, "Introuvable", _unknown),
    (domain.NotAllowed, 403, "Accès refusé", lambda _: "Vos droits ne permettent pas cette action."),
    (domain.Overtaken, 409, "Un collègue a été plus rapide", _overtaken),
    (domain.OutOfDate, 409, "La demande a changé", _out_of_date),
    (domain.NotAllowedNow, 409, "Action impossible maintenant", _not_allowed_now),
    (domain.AlreadyDecided, 409, "Déjà décidé", _decided),
    (
        domain.NoAddress,
        409,
        "Pas d’adresse électronique",
        lambda _: "L’usager n’a pas laissé d’adresse électronique\u00a0: aucun courriel ne peut partir.",
    ),
    (
        domain.KeysDisagree,
        409,
        "Clés contradictoires",
        lambda _: "Idempotency-Key et external_id désignent deux demandes différentes.",
    ),
    (domain.AlreadyExists, 409, "Existe déjà", lambda error: f"«\u00a0{error.name}\u00a0» existe déjà."),
    (domain.Erased, 409, "Données effacées", lambda _: "Les données personnelles de cette demande sont effacées."),
    (LostRace, 409, "Un collègue a été plus rapide", lambda _: "Relisez la demande avant de recommencer."),
    (domain.Refused, 409, "Action refusée", lambda _: "Cette action n’est pas possible."),
)
HTTP: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Demande illisible", "Le navigateur a envoyé quelque chose que le service ne comprend pas."),
    401: ("Connexion nécessaire", "Connectez-vous, puis recommencez."),
    403: ("Accès refusé", "Vos droits ne permettent pas cette action."),
    404: ("Page introuvable", "Cette adresse n’existe pas. Vérifiez-la, ou repartez de l’accueil."),
    405: (
        "Action impossible ici",
        "Cette adresse répond à un formulaire\u00a0: repartez de la demande, d’une liste ou de l’accueil.",
    ),
    413: ("Envoi trop volumineux", "Le formulaire envoyé dépasse la taille permise."),
    415: ("Format refusé", "Ce format de données n’est pas accepté."),
    422: ("Formulaire incomplet", "Corrigez les champs signalés, puis envoyez à nouveau."),
    429: ("Trop d’essais", "Attendez un peu avant de recommencer."),
    500: (
        "Erreur du service",
        "L’action n’a pas abouti. L’incident est noté\u00a0; réessayez, ou prévenez l’administrateur.",
    ),
    503: UNAVAILABLE,
}
_EXPIRED_PAGE: Final = (
    "Cette page était ouverte depuis trop longtemps, ou dans une autre session. Rien n’a été enregistré\u00a0: "
    "ouvrez de nouveau la page et recommencez."
)


def install(app: Flask) -> None:
    """Answer every refusal and breakdown from this module."""
    app.register_error_handler(HTTPException, http_page)
    app.register_error_handler(Exception, page)


def explain(error: Exception) -> tuple[int, str, str] | None:
    """Status, title and sentence of a refusal; None for what is no refusal."""
    for kind, status, title, words in TABLE:
        if isinstance(error, kind):
            return status, title, words(error)
    return None


def page(error: Exception) -> ResponseReturnValue:
    """A refusal of the town hall's rules, a store out of order, or a fault of ours."""
    explained = explain(error)
    if explained is not None:
        errors = error.errors if isinstance(error, domain.Invalid) else None
        return answer(*explained, errors=errors, reference=getattr(error, "reference", None))
    if _store_is_out_of_order(error):
        _note("store out of order", error)
        return answer(503, *UNAVAILABLE)
    _note("unexpected error", error)
    if current_app.testing:
        raise error
    return answer(500, *HTTP[500])


def http_page(error: HTTPException) -> ResponseReturnValue:
    """What the web's own layers refuse, with the headers they ask for."""
    if error.response is not None or error.code is None:
        return error
    if error.code < 400:  # noqa: PLR2004 — redirects of the router
        return error
    if isinstance(error, CSRFError) and (again := _form_of_another_session()) is not None:
        return again
    title, detail = HTTP.get(error.code, (error.name, "Cette demande n’a pas abouti."))
    if isinstance(error, CSRFError):
        detail = _EXPIRED_PAGE
    elif error.description and error.description != type(error).description:
        detail = error.description
    reference = kept.route(request.path)[1] if error.code == 405 else None  # noqa: PLR2004 — method not allowed
    response = current_app.make_response(answer(error.code, title, detail, reference=reference))
    for name, value in error.get_headers(request.environ):
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def answer(
    status: int,
    title: str,
    detail: str,
    errors: Mapping[str, list[str]] | None = None,
    reference: str | None = None,
) -> ResponseReturnValue:
    """A page for people, a problem for programs; what was typed is shown so that it can be copied."""
    headers = {"Retry-After": "5"} if status == 503 else {}  # noqa: PLR2004 — service unavailable
    if for_program():
        response = problem(status, title, detail, errors)
        response.headers.update(headers)
        return response
    words = {"status": status, "title": title, "detail": detail, "errors": errors, "reference": reference}
    texts = typed_texts()
    if status >= 500:  # noqa: PLR2004 — a breakdown may strike the frame too
        return render_template("broken.html", typed_texts=texts, **words), status, headers
    return render_template("error.html", typed_texts=texts, chosen=_chosen(), **words), status, headers


def _form_of_another_session() -> ResponseReturnValue | None:
    """Nothing typed is lost: the login page for who is logged out, the same form again for who wrote it."""
    if for_program() or not access.is_behind_login():
        return None
    sessions.recognise()
    if current.maybe_agent() is not None:
        return sessions.offer_again()
    asked: ResponseReturnValue = sessions.ask_to_log_in()
    return asked


def typed_texts() -> list[str]:
    """The free texts of the form that was refused: short codes are quickly chosen again."""
    return [text for name, text in _typed() if name not in _HIDDEN and kept.is_text(name, text)]


def _chosen() -> list[tuple[str, str]]:
    """What was chosen in the refused form of an action, by labels."""
    return kept.choices(request.endpoint, _typed()) if current.maybe_agent() is not None else []


def _typed() -> list[tuple[str, str]]:
    if request.method != "POST" or not 0 < (request.content_length or 0) <= LARGEST_BODY:
        return []
    try:
        return list(request.form.items(multi=True))
    except HTTPException:  # the form itself is what was refused: too many parts
        return []


def _store_is_out_of_order(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL_OR_BROKEN
    if isinstance(error, PersistenceError):
        return isinstance(error, InterfaceError | OperationalError)
    return isinstance(error, _OUT_OF_ORDER)


def _note(event: str, error: Exception) -> None:
    """The log keeps the kind of error and where it struck; never its message, which may hold what a citizen typed."""
    import structlog  # noqa: PLC0415 — a tenth of the start, for what may never happen

    frames = traceback.extract_tb(error.__traceback__)
    structlog.get_logger("suivi.web").error(
        event,
        error=type(error).__name__,
        where=[f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-_FRAMES:]],
        endpoint=request.endpoint,
        method=request.method,
        correlation_id=current.correlation_id(),
    )
