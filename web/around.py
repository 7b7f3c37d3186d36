"""What stands around a page, written once: for one agent it stays the same text, but for its numbers and his token."""

from functools import lru_cache
from typing import Final

import msgspec
from flask import Flask, current_app, request
from markupsafe import Markup, escape

from domain.rights import WORKS_ON_DEMANDS
from web import current, frame
from web.filters import number
from web.tokens import csrf_token

_KEPT: Final = 256
_TOKEN: Final = "\0token\0"  # noqa: S105 — a mark, not a secret
"""No page holds a NUL of its own: what was typed with one is refused (``web.security``)."""
_SOUGHT: Final = "\0sought\0"
_OWN_PAGES: Final = ("/compte",)


class Reader(msgspec.Struct, frozen=True):
    """The agent whose name stands in the bar."""

    code: str
    name: str


class Surroundings(msgspec.Struct, frozen=True):
    """All that the bar and the foot depend on: where it is equal, so is their text.

    ``here`` are the addresses marked as the present page, ``searched`` the section that the search box looks through
    (None: the journal), ``names`` whether it finds citizens, ``sections`` tell for each address and label whether
    a number stands beside it.
    """

    root: str
    town: str
    phone: str
    email: str
    reader: Reader | None
    searched: str | None
    names: bool
    here: tuple[str, ...]
    tools: tuple[tuple[str, str, str], ...]
    sections: tuple[tuple[str, str, bool], ...]


class Around(msgspec.Struct, frozen=True):
    """The three texts that a page stands between."""

    head: Markup
    bar: Markup
    foot: Markup


def around() -> Around:
    """What stands around this page, for whoever reads it."""
    counted = frame.sections()
    written = _written(_surroundings(counted))
    return Around(written.head, Markup(_filled(written.bar, counted)), written.foot)  # noqa: S704 — escaped below


def install(app: Flask) -> None:
    """Offer it to the template of every page."""
    app.jinja_env.globals["around"] = around


def _surroundings(counted: list[tuple[str, str, int | None]]) -> Surroundings:
    agent, town = current.maybe_agent(), frame.townhall()
    tools = tuple(frame.utilities())
    addresses = (*(address for address, *_ in counted), *(address for address, *_ in tools), *_OWN_PAGES)
    return Surroundings(
        root=request.script_root,
        town=town.name,
        phone=town.hotline.phone,
        email=town.hotline.email,
        reader=None if agent is None else Reader(agent.code, agent.name),
        searched=frame.section_address() if frame.searches_demands() else None,
        names=agent is not None and agent.rights.has(*WORKS_ON_DEMANDS),
        here=tuple(address for address in addresses if frame.is_here(address)),
        tools=tools,
        sections=tuple((address, label, count is not None) for address, label, count in counted),
    )


@lru_cache(_KEPT)
def _written(surroundings: Surroundings) -> Around:
    """The texts with marks where a number, the token or a typed reference will stand."""
    marks = {address: _mark(address) for address, *_ in surroundings.sections}
    given = {"around": surroundings, "token": _TOKEN, "sought": _SOUGHT, "numbers": marks}
    return Around(*(Markup(_rendered(name, given)) for name in ("head", "bar", "foot")))  # noqa: S704 — by a template


def _rendered(name: str, given: dict[str, object]) -> str:
    return current_app.jinja_env.get_template(f"frame/{name}.html").render(given)


def _filled(bar: str, counted: list[tuple[str, str, int | None]]) -> str:
    if current.maybe_agent() is None:
        return bar
    for address, _, count in counted:
        if count is not None:
            bar = bar.replace(_mark(address), number(count))
    return bar.replace(_TOKEN, escape(csrf_token())).replace(_SOUGHT, escape(request.args.get("reference", "")))


def _mark(address: str) -> str:
    return f"\0{address}\0"
