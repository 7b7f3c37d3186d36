"""Who may use which page: denied by default, so a view without a rule stops the program at its start."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn, TypeVar

import msgspec
from flask import Flask, abort, current_app, g, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from domain.errors import NotAllowed
from domain.rights import Role
from store.clients import SCOPES
from web import current, sessions
from web.problems import problem

View = TypeVar("View", bound=Callable[..., Any])
_MARK: Final = "suivi_rule"
_BEARER: Final = "bearer "
_LONGEST_TOKEN: Final = 200


class Rule(msgspec.Struct, frozen=True):
    """Open to all, or to agents with one of these roles, or to programs with one of these scopes."""

    roles: frozenset[Role] = frozenset()
    scopes: frozenset[str] = frozenset()
    everybody: bool = False


class MissingRule(Exception):
    """A view does not say who may use it."""


def allowed(*roles: Role) -> Callable[[View], View]:
    """Only agents with one of these roles; without any, every agent who is logged in."""
    return _marked(Rule(roles=frozenset(roles or Role)))


def scope(*scopes: str) -> Callable[[View], View]:
    """Only programs whose token has one of these scopes; the same for a method of a view class."""
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise ValueError(f"unknown scopes: {sorted(unknown)}")
    return _marked(Rule(scopes=frozenset(scopes)))


def open_to_all(view: View) -> View:
    """Anybody, logged in or not."""
    return _marked(Rule(everybody=True))(view)


def rules_of(view: Any) -> dict[str, Rule]:
    """The rules of a view by HTTP method; ``*`` stands for all of them."""
    found: Rule | None = getattr(view, _MARK, None)
    if found is not None:
        return {"*": found}
    methods = getattr(view, "view_class", None)
    names = sorted(methods.methods or ()) if methods is not None else []
    rules = {name: getattr(getattr(methods, name.lower()), _MARK, None) for name in names}
    return {name: rule for name, rule in rules.items() if rule is not None} if all(rules.values()) else {}


def require_rules(app: Flask, opened: Iterable[str] = ()) -> None:
    """Raise MissingRule unless every route says who may use it; ``opened`` are endpoints made by libraries."""
    for endpoint in opened:
        if endpoint in app.view_functions:
            app.view_functions[endpoint] = open_to_all(app.view_functions[endpoint])
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    missing = sorted(endpoint for endpoint in endpoints if not rules_of(app.view_functions[endpoint]))
    if missing:
        raise MissingRule(", ".join(missing))


def guard() -> Any:
    """Before each request: let in those whom the view's rule lets in; an answer here replaces the page."""
    if request.endpoint is None:
        return _unknown_address()
    rule = _rule(request.endpoint)
    if rule.scopes:
        return _check_client(rule)
    if request.endpoint == "static":
        return None
    sessions.recognise()
    if rule.everybody:
        return None
    agent = current.maybe_agent()
    if agent is None:
        return sessions.ask_to_log_in()
    if not agent.rights.has(*rule.roles):
        raise NotAllowed("this page")
    return None


def is_behind_login() -> bool:
    """Whether the page asked for is one that only agents see."""
    return request.endpoint is not None and bool(_rule(request.endpoint).roles)


def _rule(endpoint: str) -> Rule:
    rules = rules_of(current_app.view_functions[endpoint])
    return rules.get("*") or rules.get("GET" if request.method in ("HEAD", "OPTIONS") else request.method, Rule())


def _unknown_address() -> None:
    """No such page, or none to be opened by its address: the error page still greets an agent who is logged in."""
    if isinstance(request.routing_exception, NotFound | MethodNotAllowed):
        sessions.recognise()


def _check_client(rule: Rule) -> None:
    header = request.headers.get("Authorization", "")
    token = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""
    client = current.parts().clients.find(token) if 0 < len(token) <= _LONGEST_TOKEN else None
    if client is None:
        _ask_for_token()
    if rule.scopes.isdisjoint(client.scopes):
        abort(problem(403, "Accès refusé", f"Ce jeton n’a pas la portée {' ou '.join(sorted(rule.scopes))}."))
    g.client = client


def _ask_for_token() -> NoReturn:
    answer = problem(401, "Jeton absent ou inconnu", "Envoyez l’en-tête « Authorization: Bearer JETON ».")
    answer.headers["WWW-Authenticate"] = "Bearer"
    abort(answer)


def _marked(rule: Rule) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _MARK, rule)
        return view

    return mark
