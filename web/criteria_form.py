"""The form with which a list is searched and narrowed: while nothing is asked for it is written once for many pages."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from flask import current_app, request, url_for
from markupsafe import Markup

from web import criteria, people
from web.filters import status_label
from web.pieces import hidden_fields

_KEPT: Final = 128
_FIELDS: Final = "\0fields\0"
"""Where the hidden fields of the moment stand; no page holds a NUL of its own (``web.security``)."""
_OPEN: Final = tuple((status, status_label(status)) for status in criteria.OPEN_IN_ORDER)


class Offered(msgspec.Struct, frozen=True):
    """All that the empty form of a list depends on: what there is to choose from, and how the list stands."""

    root: str
    section: str
    address: str
    sort: str
    size: int
    procedures: tuple[tuple[str, str], ...]
    services: tuple[tuple[str, str], ...]
    statuses: tuple[tuple[str, str], ...]
    agents: tuple[tuple[str, str], ...]


def written(
    wanted: criteria.Wanted, typed: Mapping[str, str] | None = None, errors: Mapping[str, list[str]] | None = None
) -> Markup:
    """The form with the criteria that are set, or with what was typed and what is wrong with it."""
    offered = _offered(wanted)
    asked = wanted.shown or typed or errors
    text = _rendered(offered, wanted, typed, errors) if asked else _blank(offered)
    return Markup(text.replace(_FIELDS, hidden_fields()))  # noqa: S704 — by a template


def _offered(wanted: criteria.Wanted) -> Offered:
    services, section = people.services(), wanted.section
    return Offered(
        root=request.script_root,
        section=section,
        address=url_for(f"lists.{section}"),
        sort=wanted.typed["sort"],
        size=wanted.typed["size"],
        procedures=people.choices_of_procedures(),
        services=services if len(services) > 1 else (),
        statuses=_OPEN if section == "service" else (),
        agents=people.colleagues() if section in ("untreated", "service") else (),
    )


@lru_cache(_KEPT)
def _blank(offered: Offered) -> str:
    return _rendered(offered, criteria.nothing(offered.section, offered.sort), None, None)


def _rendered(
    offered: Offered, wanted: criteria.Wanted, typed: Mapping[str, str] | None, errors: Mapping[str, list[str]] | None
) -> str:
    given: dict[str, Any] = {"offered": offered, "wanted": wanted, "typed": typed, "errors": errors, "fields": _FIELDS}
    return current_app.jinja_env.get_template("demands/criteria.html").render(given)
