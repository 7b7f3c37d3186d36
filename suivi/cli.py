"""The command line, one of the two places that read the clock and the system's randomness (the other is ``wsgi``)."""

import importlib
import sys
from typing import Final

import click

from suivi.refusals import CommandRefused

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
    "verify": "suivi.commands.verifying:verify",
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
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=LazyGroup, help="Suivi, le back-office des demandes d’une mairie.")
@click.version_option(package_name="suivi", prog_name="suivi")
def suivi() -> None:
    """All commands."""


def main() -> None:
    """Run a command; exit 0 when done, 1 when refused or found wanting (a sentence on stderr), 2 for wrong usage."""
    try:
        code = suivi.main(prog_name="suivi", standalone_mode=False)
    except CommandRefused as refusal:
        click.echo(f"suivi : {refusal}", err=True)
        code = 1
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("suivi : interrompu.", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
