"""The demo's mail server while the past is made: it refuses two letters, so that newcomers see one that failed."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from workers.transport import Rejected, Transport


class PickyTransport:
    """Takes every letter except the first two from an instant on, as a server that does not know the address."""

    def __init__(self, behind: Transport, since: datetime, refuses: int = 2) -> None:
        self._behind, self._since, self._refuses = behind, since, refuses

    def send(self, message: EmailMessage) -> None:
        """Hand the letter on; raises Rejected."""
        if self._refuses and parsedate_to_datetime(str(message["Date"])) >= self._since:
            self._refuses -= 1
            raise Rejected(550, "5.1.1")
        self._behind.send(message)
