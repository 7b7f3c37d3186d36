"""Two agents at two services that share the stores, and what happens when both act at once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

from tests.faults.visitors import Answer, AtWork, Site

FIELDS = {
    "prise-en-compte": {},
    "mise-en-attente": {"reason": "autre", "detail": "un papier"},
    "reattribution": {"agent": "ana", "note": "à toi"},
    "cloture": {"outcome": "traitee", "comment": "fini", "decision": "send"},
}
_MAIN = re.compile(r"<main.*</main>", re.DOTALL)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """All at once, each in a thread of its own; what each came to."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], Any]) -> Any:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))


def main_of(page: Answer) -> str:
    """What a page says below its head."""
    said = _MAIN.search(page.text)
    assert said
    return said[0]


@dataclass
class Pair:
    """Two agents, each at a service of his own."""

    lea: AtWork
    max: AtWork
    site: Site

    def race(self, reference: str, action: str) -> dict[str, Answer]:
        """Both press the same button on the page they both see."""
        version, fields = self.lea.seen_version(reference), FIELDS[action]
        agents = (self.lea, self.max)
        told = together(*(lambda a=agent: a.act(reference, action, {**fields, "version": version}) for agent in agents))
        return {agent.code: answer for agent, answer in zip(agents, told, strict=True)}

    def prepare(self, number: int, action: str) -> str:
        """A demand on which the action is allowed."""
        reference: str = self.site.submit(f"{action} {number}").json["reference"]
        if action != "prise-en-compte":
            owner = (self.lea, self.max)[number % 2]
            assert owner.act(reference, "prise-en-compte", {}).status == 303
        return reference
