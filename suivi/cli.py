"""The command line, one of the two places that read the clock and the system's randomness (the other is ``wsgi``)."""

import gc
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

import click

from suivi import logs, usage
from suivi.refusals import CommandRefused
from suivi.system_errors import why

COMMANDS: Final = {
    "init": "suivi.commands.running:init",
    "demo": "suivi.commands.demo:demo",
    "serve": "suivi.commands.running:serve",
    "worker": "suivi.commands.running:worker",
    "agent": "suivi.commands.agents:agent",
    "api-client": "suivi.commands.clients:api_client",
    "procedure": "suivi.commands.procedures:procedure",
    "import": "suivi.commands.importing:import_histories",
    "export": "suivi.commands.exporting:export",
    "statistics": "suivi.commands.statistics:statistics",
    "replay": "suivi.commands.replaying:replay",
    "rebuild": "suivi.commands.rebuild:rebuild",
    "verify": "suivi.commands.verifying:verify",
    "remind": "suivi.commands.remind:remind",
    "expire": "suivi.commands.expire:expire",
    "erasure": "suivi.commands.erasure:erasure",
}


class LazyGroup(click.Group):
    """Loads a command when it is called, so that none waits for the others' imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(loaded(module), name)
        return command


def loaded(module: str) -> ModuleType:
    """A module of the program: what imports make stays for good, so nobody looks for garbage among it meanwhile.

    Looking took a tenth of the time.
    """
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.enable()


@click.group(cls=LazyGroup, help="Suivi, le back-office des demandes d’une mairie.")
@click.version_option(package_name="suivi", prog_name="suivi")
def suivi() -> None:
    """All commands; what is logged goes to stderr as JSON, warnings only unless a service is running."""
    logs.configure(logging.WARNING)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command: 0 when done, 1 when refused or found wanting (a sentence on stderr), 2 for wrong usage."""
    try:
        code = suivi.main(arguments, prog_name="suivi", standalone_mode=False)
    except CommandRefused as refusal:
        return _refused(str(refusal))
    except click.ClickException as error:
        usage.show(error)
        return error.exit_code
    except BrokenPipeError:  # the reader of a pipe went away; nothing more may be written there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _refused(f"{error.filename or 'le système'} : {why(error)}.")
    except (click.Abort, KeyboardInterrupt):
        return _refused("interrompu.")
    return code if isinstance(code, int) else 0


def main() -> None:
    """The program."""
    sys.exit(run())


def _refused(sentence: str) -> int:
    click.echo(f"suivi : {sentence}", err=True)
    return 1


if __name__ == "__main__":
    main()
