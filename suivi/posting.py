"""Activation links by mail: asked for on the login page, for any code, and sent only to an active agent's address."""

from datetime import datetime
from queue import Full, Queue
from threading import Thread
from typing import Final
from uuid import uuid4

import structlog

from domain.errors import UnknownAgent
from domain.letters import Letter
from suivi.compose import Installation
from suivi.links import LIVES, new_link
from workers.messages import BadRecipient, compose, sender_of
from workers.transport import NotDelivered, Transport

SUBJECT: Final = "Suivi : votre lien de connexion"
BODY: Final = """Bonjour {name},

Votre code agent est : {code}

Pour choisir votre mot de passe, ouvrez cette adresse (ou recopiez-la entière dans votre navigateur) :

{link}

Ce lien sert une seule fois, pendant {days} jours. Les liens reçus auparavant ne servent plus.
Page de connexion : {base_url}/connexion

Si vous n’avez rien demandé, ignorez ce courriel.
"""
_MOST_WAITING: Final = 100
_log: Final = structlog.get_logger()


class LinkPost:
    """One thread that sends links, so that the login page answers in the same time whatever the code is."""

    def __init__(self, installation: Installation, transport: Transport | None, base_url: str) -> None:
        self._installation, self._transport, self._base_url = installation, transport, base_url
        self._asked: Queue[str | None] = Queue(_MOST_WAITING)
        self._thread = Thread(target=self._run, name="links", daemon=True)
        self._thread.start()

    def send(self, code: str) -> None:
        """Ask for a link; an unknown code, or too many at once, changes nothing that a visitor sees."""
        try:
            self._asked.put_nowait(code)
        except Full:
            _log.warning("link", outcome="full")

    def stop(self) -> None:
        """Finish the link in hand."""
        try:
            self._asked.put_nowait(None)
        except Full:
            return
        self._thread.join(2)

    def _run(self) -> None:
        while (code := self._asked.get()) is not None:
            try:
                self._post(code, self._installation.clock())
            except (NotDelivered, BadRecipient) as failure:
                _log.warning("link", outcome="failed", why=type(failure).__name__)
            except Exception as error:  # noqa: BLE001 — the thread outlives a store that is away
                _log.error("link", outcome="error", why=type(error).__name__)

    def _post(self, code: str, now: datetime) -> None:
        try:
            agent = self._installation.office.directory.agent(code)
        except UnknownAgent:
            return
        address = self._installation.credentials.email(code)
        if not agent.active or address is None or self._transport is None:
            return
        link = new_link(self._installation.activations, code, now, self._installation.random_bytes, self._base_url)
        body = BODY.format(name=agent.name, code=code, link=link, days=LIVES.days, base_url=self._base_url)
        sender = sender_of(
            self._installation.settings.sender(self._base_url),
            self._installation.office.directory.townhall().settings.name,
        )
        self._transport.send(compose(Letter(address, SUBJECT, body), uuid4(), sender, now))
