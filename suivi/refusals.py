"""How a command says no: one sentence on stderr that says what is the case and what to do, and exit code 1."""


class CommandRefused(Exception):
    """The command changes nothing; its message is a sentence in French for whoever typed it."""
