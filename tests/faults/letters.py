"""Letters that wait for a mail server, what it took of them, and the rest delivered once nothing dies any more."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from threading import Event
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import Envelope

from domain.applicant import Applicant
from domain.intake import Form
from suivi.compose import Installation
from suivi.opening import now
from tests.faults.clockwork import deliver_until_killed
from tests.faults.hall import Hall, by_hand
from tests.faults.service import child
from tests.faults.waiting import until
from tests.workers.brokers import OwnRedis
from tests.workers.smtp import Inbox

WITHIN_S = 600
_HELD_FOR_S = 60


class Holding(Inbox):
    """Takes every letter, and tells nobody so before ``answer`` is set; ``held`` is set while one waits for that."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.answer = Event(), Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        said = await super().handle_DATA(server, session, envelope)
        self.held.set()
        await asyncio.to_thread(self.answer.wait, _HELD_FOR_S)
        return said


def receive(installation: Installation, number: int) -> list[str]:
    """Demands whose registration receipts wait for the mail server."""
    references = []
    for n in range(number):
        form = Form("AEN", "internet", Applicant("Dubois", "Marie", email=address(n)), {"copies": 1}, "test")
        references.append(installation.office.intake.submit(by_hand("api:test"), form).reference)
    return references


def address(number: int) -> str:
    return f"citizen{number}@example.org"


def taken(inbox: Inbox) -> list[tuple[str, str]]:
    """Recipient and Message-ID of everything the real server took."""
    return [
        (envelope.rcpt_tos[0], str(message_from_bytes(bytes(envelope.content or b""))["Message-ID"]))
        for envelope in inbox.letters
    ]


def behind(hall: Hall, broker: OwnRedis | None) -> Hall:
    """The town hall whose workers listen to this broker."""
    return replace(hall, environment={**hall.environment, "SUIVI_BROKER_URL": broker.url}) if broker else hall


def finish(installation: Installation, hall: Hall, port: int, ahead: Any, *, intakes_died: bool = False) -> None:
    """Nothing dies any more, and time passes whenever all that waits waits for its next try.

    Then no letter's key is left but those of the failed ones; where intakes died, their unused keys stay for an hour.
    """
    with child(deliver_until_killed, hall.environment, port, ahead):
        while waiting := installation.outbox.latest(10_000, "queued"):
            moment = now() + timedelta(seconds=ahead.value)
            if (first := min(mail.next_at for mail in waiting)) > moment:
                ahead.value += (first - moment).total_seconds()
            tried = [(mail.mail_id, mail.next_at) for mail in waiting if mail.next_at <= first]
            until(lambda: not still(installation, tried), WITHIN_S, "a try of each letter that is due")  # noqa: B023 — asked within the loop
        if not intakes_died:
            failed = installation.outbox.counts().get("failed", 0)
            until(lambda: len(installation.keyring.active("mail")) == failed, 60, "keys")


def still(installation: Installation, tried: list[tuple[UUID, datetime]]) -> bool:
    """Whether one of these letters was not tried yet."""
    waiting = {(mail.mail_id, mail.next_at) for mail in installation.outbox.latest(10_000, "queued")}
    return not waiting.isdisjoint(tried)
