"""dramatiq's side of a delivery: a message carries one opaque id, and nothing of a failure is written into it."""

import logging
from typing import Final
from uuid import UUID

import dramatiq
import structlog
from dramatiq import Broker

from workers.delivery import Deliverer

QUEUE: Final = "suivi-mail"
_log: Final = structlog.get_logger()


def declare(broker: Broker, deliverer: Deliverer) -> dramatiq.Actor[[str], None]:
    """The actor that delivers one letter, bound to this broker rather than to dramatiq's global one.

    dramatiq would log arguments and tracebacks and ``Retries`` would store them in the broker, so the broker has no
    such middleware, an error ends here by its name only, and the outbox's lease brings the letter back.
    """
    logging.getLogger("dramatiq").setLevel(logging.CRITICAL)

    def deliver(mail_id: str) -> None:
        """Hand one outbox row to SMTP and record it; harmless when called twice."""
        try:
            deliverer.deliver(UUID(mail_id))
        except Exception as error:  # noqa: BLE001 — its text and traceback may quote the letter
            _log.error("delivery", mail_id=mail_id, outcome="error", why=type(error).__name__)

    return dramatiq.actor(queue_name=QUEUE, actor_name="deliver", broker=broker)(deliver)
