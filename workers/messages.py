"""From a letter to a mail message: one checked recipient, one line of subject, an id that a duplicate repeats."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from domain.letters import Letter

LONGEST_ADDRESS: Final = 254
_ADDRESS: Final = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]{1,253}")
_POLICY: Final = SMTP.clone(max_line_length=78)


class BadRecipient(ValueError):
    """The address is not one that a letter can be sent to; it is not repeated here."""

    def __init__(self) -> None:
        super().__init__("not one mail address")


def compose(letter: Letter, mail_id: UUID, sender: Address, at: datetime) -> EmailMessage:
    """The message of a letter; raises BadRecipient. The Message-ID depends on the letter only."""
    message = EmailMessage(_POLICY)
    message["Message-ID"] = f"<{mail_id}@{sender.domain}>"
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"
    message["From"] = sender
    message["To"] = recipient_of(letter.recipient)
    message["Subject"] = _one_line(letter.subject)
    message.set_content(_printable(letter.body, keep="\n\t"), cte="quoted-printable")
    return message


def recipient_of(typed: str) -> Address:
    """One address of one person; a domain with accents is written as the mail servers know it (IDNA)."""
    address = typed.strip(" ")
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or not _ADDRESS.fullmatch(address):
        raise BadRecipient
    local, _, domain = address.rpartition("@")
    try:
        return Address(username=local, domain=domain.encode("idna").decode())
    except (UnicodeError, ValueError):
        pass
    raise BadRecipient


def sender_of(address: str, name: str) -> Address:
    """Who writes: the configured address, under the town hall's name."""
    local, _, domain = address.rpartition("@")
    return Address(_one_line(name), local, domain)


def _one_line(text: str) -> str:
    return " ".join(_printable(text, keep="\t\n\r").split())


def _printable(text: str, keep: str) -> str:
    """Without control characters, and with every lone surrogate replaced: no mail can carry them."""
    safe = text.replace("\r\n", "\n").encode("utf-8", "replace").decode()
    return "".join(c for c in safe if c in keep or (c >= " " and c != "\x7f"))
