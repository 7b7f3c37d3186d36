"""Who asks, when and for what, during one request."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Final
from uuid import UUID

from flask import current_app, g, request

from domain.agent import Agent
from domain.definition import Definition
from domain.facts import Command
from domain.rights import WORKS_ON_DEMANDS, Rights, Role
from projections.people import Known
from projections.reading import Counters, Scope
from store.clients import ApiClient
from web.parts import EXTENSION, Parts

_COMMAND_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_LARGEST_VERSION: Final = 2**31
KEPT: Final = 256
"""Answers kept for the rights of as many agents; they are made anew when an agent or a procedure changes."""


def parts() -> Parts:
    """What the composition root built."""
    installed: Parts = current_app.extensions[EXTENSION]
    return installed


def now() -> datetime:
    """The instant of this request: asked once, so that everything in it happens at the same time."""
    if "now" not in g:
        g.now = parts().clock()
    instant: datetime = g.now
    return instant


def maybe_agent() -> Agent | None:
    """The agent who is logged in, or None on the pages open to all."""
    agent: Agent | None = g.get("agent")
    return agent


def agent() -> Agent:
    """The agent who is logged in; only views with a rule of roles may ask."""
    agent = maybe_agent()
    if agent is None:
        raise RuntimeError("this view is open to all: nobody is logged in")
    return agent


def client() -> ApiClient:
    """The program that calls the API; only views with a rule of scopes may ask."""
    client: ApiClient = g.client
    return client


def known() -> Known:
    """Who works here and what the town offers, read once a request."""
    if "known" not in g:
        g.known = parts().people.known()
    found: Known = g.known
    return found


def scope() -> Scope:
    """What the agent may list, by the rights in force at this request."""
    if "scope" not in g:
        reader = agent()
        g.scope = _scope(known(), reader.code, reader.rights)
    found: Scope = g.scope
    return found


def counters() -> Counters | None:
    """How many demands each section holds, for the tabs; None where nobody works on demands."""
    if "counters" not in g:
        reader = maybe_agent()
        works = reader is not None and reader.rights.has(*WORKS_ON_DEMANDS, Role.AUDITOR)
        g.counters = parts().lists.beside_sections(scope(), now()) if works else None
    counted: Counters | None = g.counters
    return counted


def already_counted(found: Counters | None) -> None:
    """The counters came with a list: no statement of their own is needed."""
    if found is not None:
        g.counters = found


def correlation_id() -> str:
    """One random name for this request, found again in facts and logs."""
    if "correlation_id" not in g:
        g.correlation_id = parts().random_bytes(8).hex()
    correlation: str = g.correlation_id
    return correlation


def command() -> Command:
    """A command of the agent, or of the API's client; a form's ``command_id`` makes a double click harmless."""
    actor = f"api:{client().name}" if "client" in g else f"agent:{agent().code}"
    return Command(actor, now(), _typed_command_id() or new_command_id(), correlation_id())


def new_command_id() -> str:
    """A fresh id, also for the hidden field of a form; random once a request, then counted."""
    return next(command_ids())


def command_ids() -> Iterator[str]:
    """The fresh ids of this request, one after the other."""
    if "commands" not in g:
        page = UUID(bytes=parts().random_bytes(16), version=4)
        g.commands = (f"{page}-{number}" for number in count(1))
    ids: Iterator[str] = g.commands
    return ids


def seen_version() -> int | None:
    """The version of the demand that the page showed, from the form's hidden ``version``."""
    typed = request.form.get("version", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(_LARGEST_VERSION))):
        return None
    return int(typed)


def _typed_command_id() -> str | None:
    typed = request.form.get("command_id", "")
    return typed if _COMMAND_ID.fullmatch(typed) else None


@lru_cache(4)
def definitions_of(known: Known) -> dict[str, Definition]:
    """What rights need to know of every procedure."""
    return {r.code: Definition(r.code, r.title, r.service, restricted=r.restricted) for r in known.procedures.values()}


@lru_cache(KEPT)
def _scope(known: Known, code: str, rights: Rights) -> Scope:
    procedures = definitions_of(known).values()
    works, processable = rights.has(*WORKS_ON_DEMANDS), rights.processable(procedures)
    services = rights.services if works else frozenset()
    return Scope(
        agent=code,
        processable=tuple(processable),
        services=tuple(sorted(services)),
        reach=tuple(sorted(services | {known.procedures[name].service for name in processable})),
        unreadable=tuple(procedure.code for procedure in procedures if not rights.reads(procedure)),
        everything=rights.has(Role.AUDITOR) and not works,
    )
