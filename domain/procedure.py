"""A procedure (« démarche »): its definition and every revision of it, kept as facts."""

from typing import ClassVar, Self

from domain.definition import Definition
from domain.facts import Command, Fact, FirstFact, Subject
from domain.references import stream_id


class Procedure(Subject):
    """A form the town offers; a demand keeps the version under which it was sent."""

    class Event(Fact):
        """Any fact of a procedure."""

    class Defined(FirstFact, Event):
        """The town offers a new procedure."""

        topic = "procedure.defined:1"
        shows: ClassVar = ("definition",)
        definition: Definition

        def apply(self, aggregate: "Procedure") -> None:
            aggregate.definitions.append(self.definition)

    class Revised(Event):
        """The form, the delays, the letters or the rights of the procedure change."""

        topic = "procedure.revised:1"
        shows: ClassVar = ("definition",)
        definition: Definition

        def apply(self, aggregate: "Procedure") -> None:
            aggregate.definitions.append(self.definition)

    def born(self) -> None:
        """An empty procedure, before its first fact."""
        super().born()
        self.definitions: list[Definition] = []

    @property
    def definition(self) -> Definition:
        """What is in force now."""
        return self.definitions[-1]

    @property
    def form_version(self) -> int:
        """The number of the form in force, from 1."""
        return len(self.definitions)

    @classmethod
    def define(cls, command: Command, definition: Definition) -> Self:
        """Offer a new procedure."""
        definition.check()
        return cls._begin(stream_id("procedure", definition.code), cls.Defined, command, definition=definition)

    def revise(self, definition: Definition) -> None:
        """Put another definition in force; the same one again changes nothing."""
        definition.check()
        if definition != self.definition:
            self._add(self.Revised, definition=definition)


Procedure.Defined.begins = Procedure
