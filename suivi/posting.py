"""Activation links by mail: with a new account, or asked for on the login page, only to an active agent's address.

The letter waits in the outbox, sealed under a key of its own, like any other: a mail server that is away loses none.
"""

from datetime import datetime
from queue import Full, Queue
from threading import Thread
from typing import Final
from uuid import UUID

from domain.errors import UnknownAgent
from domain.instants import micros
from domain.notices import Notice, NoticeKind, notice_id, sealed
from suivi.compose import Installation
from suivi.links import LIVES, new_mailed_link
from suivi.logs import get_logger

SUBJECT: Final = "Suivi : votre lien de connexion"
ASKED: Final = "Vous avez demandé un nouveau lien. Si vous n’avez rien demandé, ignorez ce courriel."
GIVEN: Final = "La mairie vous envoie ce courriel pour que vous puissiez vous connecter à Suivi."
BODY: Final = """Bonjour {name},

{occasion}

Votre code agent est : {code}

Pour choisir votre mot de passe, ouvrez cette adresse (ou recopiez-la entière dans votre navigateur) :

{link}

Ce lien sert une seule fois, jusqu’au {until}. Les liens reçus auparavant ne servent plus.
Page de connexion : {base_url}/connexion
"""
ONE_EACH_US: Final = 60_000_000
"""Who asks again within the same minute finds the letter already on its way."""
_MOST_WAITING: Final = 100
_log: Final = get_logger()


class LinkPost:
    """One thread that writes links, so that the login page answers in the same time whatever the code is."""

    def __init__(self, installation: Installation, base_url: str) -> None:
        self._installation, self._base_url = installation, base_url
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
            except Exception as error:  # noqa: BLE001 — the thread outlives a store that is away
                _log.error("link", outcome="error", why=type(error).__name__)

    def _post(self, code: str, now: datetime) -> None:
        try:
            agent = self._installation.office.directory.agent(code)
        except UnknownAgent:
            return
        installation, mail_id = self._installation, notice_id("link", code, micros(now) // ONE_EACH_US)
        if not agent.active or installation.credentials.email(code) is None or installation.outbox.present([mail_id]):
            return
        link = new_mailed_link(installation.activations, code, now, installation.random_bytes, self._base_url, mail_id)
        queue_letter(installation, mail_id, code, ASKED, link, self._base_url, now)


def letter_given(installation: Installation, code: str, link: str, base_url: str, now: datetime) -> bool:
    """Queue the letter of a link that was just made for an agent by his town hall; False when he has no address."""
    if installation.credentials.email(code) is None:
        return False
    queue_letter(installation, notice_id("link given", code, micros(now)), code, GIVEN, link, base_url, now)
    return True


def queue_letter(
    installation: Installation, mail_id: UUID, code: str, occasion: str, link: str, base_url: str, now: datetime
) -> None:
    """Queue the code, the link and the login page's address for an agent; ``occasion`` says why he is written to."""
    name, until = installation.office.directory.agent(code).name, (now + LIVES).astimezone(installation.zone)
    known = {"name": name, "occasion": occasion, "code": code, "link": link, "base_url": base_url}
    body = BODY.format(until=f"{until:%d/%m/%Y à %H:%M}", **known)
    notice = Notice(NoticeKind.ACTIVATION_LINK, code, SUBJECT, body)
    installation.outbox.add(sealed(installation.keyring, [(mail_id, notice)], now))
    for listener in installation.after_save:
        listener()
