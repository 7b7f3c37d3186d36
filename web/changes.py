"""What colleagues did to a demand while somebody had its page open: said when his own action is refused."""

from domain.demand import Demand
from domain.facts import Fact
from web import current
from web.filters import fact_sentence


def changed_since(reference: str, seen: int | None) -> str:
    """« Ce qui a changé : … » since the version that the page showed; nothing when the page showed none."""
    if seen is None:
        return ""
    reader = current.agent()
    facts = current.parts().office.dossier(reference, reader).facts
    said = [_said(fact) for fact in facts if fact.originator_version > seen and fact.agent not in (None, reader.code)]
    return f"Ce qui a changé : {' ; '.join(said)}. " if said else ""


def _said(fact: Fact) -> str:
    sentence = fact_sentence(fact)
    return f"événement ajouté, « {sentence} »" if isinstance(fact, Demand.EventAdded) else sentence
