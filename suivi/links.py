"""One-time links by which an agent chooses a password."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from store.activations import Activations

LIVES: Final = timedelta(days=7)
TOKEN_BYTES: Final = 32


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """A secret that fits into an address or a header: 32 random bytes."""
    return base64.urlsafe_b64encode(random_bytes(TOKEN_BYTES)).decode().rstrip("=")


def new_link(
    activations: Activations, code: str, now: datetime, random_bytes: Callable[[int], bytes], base_url: str
) -> str:
    """The address where the agent chooses a password, once, within a week; it ends every earlier one."""
    token = new_token(random_bytes)
    activations.issue(code, token, now, LIVES)
    return f"{base_url}/activation/{token}"


def new_mailed_link(
    activations: Activations,
    code: str,
    now: datetime,
    random_bytes: Callable[[int], bytes],
    base_url: str,
    mail_id: UUID,
) -> str:
    """The same for a letter on its way: the earlier links end when it leaves, not before."""
    token = new_token(random_bytes)
    activations.issue_by_mail(code, token, now, LIVES, mail_id)
    return f"{base_url}/activation/{token}"
