"""The people of the administrators' pages: two who administer and work on no demand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from domain.rights import Rights, Role
from tests.web.pages.conftest import Hall

T = TypeVar("T")


def elsewhere(act: Callable[[], T]) -> T:
    """What somebody does in another thread: Flask shares ``g`` between requests that lie within one another."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


def with_administrators(hall: Hall) -> Hall:
    """The town hall with Ada and Bob."""
    for code, name in (("ada", "Ada Réglages"), ("bob", "Bob")):
        hall.office.directory.register_agent(hall.command(), code, name, Rights(frozenset({Role.ADMIN})))
    return hall
