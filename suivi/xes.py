"""Event logs for process mining (IEEE 1849-2016, XES): one trace a demand, one event a fact, nothing sealed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from xml.sax.saxutils import quoteattr

from domain.dossier import shown
from domain.facts import Fact
from projections.all_demands import DemandRow
from suivi.written import json_line

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML file may hold."""
_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>
</global>
<classifier name="Fait" keys="concept:name"/>
<string key="concept:name" value="Suivi"/>
"""
_TRACE: Final = ("procedure", "service", "channel", "status")


def xes_lines(traces: Iterable[tuple[DemandRow, Sequence[Fact]]]) -> Iterator[str]:
    """The file, a demand at a time."""
    yield _HEAD
    for demand, facts in traces:
        about = {"concept:name": demand.reference} | {name: getattr(demand, name) for name in _TRACE}
        inside = "".join(f"<event>\n{_attributes(_event(fact))}</event>\n" for fact in facts)
        yield f"<trace>\n{_attributes(about)}{inside}</trace>\n"
    yield "</log>\n"


def _event(fact: Fact) -> dict[str, Any]:
    """A fact under the standard's names; ``org:resource`` is an agent, or missing."""
    standard = {"concept:name": fact.name, "time:timestamp": fact.timestamp, "org:resource": fact.agent}
    return standard | {"actor": fact.actor} | shown(fact)


def _attributes(values: Mapping[str, Any]) -> str:
    return "".join(_attribute(key, value) for key, value in values.items() if value is not None)


def _attribute(key: str, value: Any) -> str:
    match value:
        case bool():
            kind, text = "boolean", "true" if value else "false"
        case int():
            kind, text = "int", str(value)
        case datetime():
            kind, text = "date", value.astimezone(UTC).isoformat(timespec="microseconds")
        case str() | date() | UUID():
            kind, text = "string", str(value)
        case _:
            kind, text = "string", json_line(value)
    return f"<{kind} key={quoteattr(key)} value={quoteattr(_FORBIDDEN.sub('', text))}/>\n"
