"""Activation links by mail: with a new account, or asked for on the login page, only to an active agent's address.

The letter waits in the outbox, sealed under a key of its own, like any other: a mail server that is away loses none.
What the login page counts under an agent's code is the request itself, written before the page answers: a process
killed right after loses none either, and a visitor cannot tell a known code from another.
"""

from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Final
from uuid import UUID

from domain.errors import UnknownAgent
from domain.instants import micros
from domain.notices import Notice, NoticeKind, notice_id, sealed
from store.throttles import link_asked
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
ASKED_WITHIN: Final = timedelta(days=1)
"""Older requests, left by a service that was long stopped, are not answered any more."""
JOB: Final = "links"
_LEASE: Final = timedelta(minutes=1)
_EVERY_S: Final = 60.0
_SOON_S: Final = 1.0
_log: Final = get_logger()


class LinkPost:
    """One thread that writes links, so that the login page answers in the same time whatever the code is."""

    def __init__(self, installation: Installation, base_url: str) -> None:
        self._installation, self._base_url = installation, base_url
        self._wake, self._stopping = Event(), False
        self._answered()  # before a new try at the login page makes the store forget old ones
        self._thread = Thread(target=self._run, name="links", daemon=True)
        self._thread.start()

    def send(self, _code: str) -> None:
        """A link was asked for, and counted in the accounts: whatever the code, nothing else happens here."""
        self._wake.set()

    def stop(self) -> None:
        """Write the links asked for until now."""
        self._stopping = True
        self._wake.set()
        self._thread.join(2)

    def _run(self) -> None:
        done, last = True, False
        while not last:
            self._wake.wait(_EVERY_S if done else _SOON_S)
            self._wake.clear()
            last = self._stopping
            done = self._answered()

    def _answered(self) -> bool:
        """Write the letters that are asked for and not written yet; False while another process does."""
        leases, now = self._installation.leases, self._installation.clock()
        try:
            if not self._pending(now):
                return True
            if not leases.take(JOB, now, _LEASE, timedelta()):
                return False
            for code, mail_id in self._pending(now):
                self._post(code, mail_id, now)
            leases.done(JOB, now)
        except Exception as error:  # noqa: BLE001 — the thread outlives a store that is away
            _log.error("link", outcome="error", why=type(error).__name__)
        return True

    def _pending(self, now: datetime) -> list[tuple[str, UUID]]:
        """Who asked and may log in, each with the letter that he has not got; one letter a minute."""
        installation = self._installation
        keys = {link_asked(code): code for code in installation.credentials.reachable()}
        letters = {
            notice_id("link", keys[key], micros(at) // ONE_EACH_US): keys[key]
            for key, at in installation.throttles.counted(keys, now - ASKED_WITHIN)
            if self._is_active(keys[key])
        }
        written = set(installation.outbox.present(list(letters)))
        return [(code, mail_id) for mail_id, code in letters.items() if mail_id not in written]

    def _is_active(self, code: str) -> bool:
        """As the facts have it: links leave also while the lists are stopped."""
        try:
            return self._installation.office.directory.agent(code).active
        except UnknownAgent:
            return False

    def _post(self, code: str, mail_id: UUID, now: datetime) -> None:
        installation = self._installation
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
