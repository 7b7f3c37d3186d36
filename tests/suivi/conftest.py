"""The command line on real stores, in this process; a founded town hall is made once and copied for each test."""

import io
import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from suivi.cli import run
from suivi.compose import Installation
from suivi.opening import opened
from suivi.settings import read_settings
from tests.databases import KINDS, addresses, create_database, postgres_database

EXCERPT = Path(__file__).with_name("excerpt.jsonl")
REAL_HISTORIES = Path(__file__).parents[3] / "shared" / "data" / "receipt_histories.jsonl.gz"
"""1,434 histories of a municipality, where the checkout stands beside them; they are not part of the product."""


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """``suivi`` in one data directory."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory, self._monkeypatch = directory, monkeypatch
        self.environment: dict[str, str] = {}
        for name in ("EVENTS_URL", "VIEWS_URL", "KEYS_URL", "ACCOUNTS_URL", "KEYS_DIR", "BROKER_URL", "SMTP_URL"):
            monkeypatch.delenv(f"SUIVI_{name}", raising=False)
        for name in ("MASTER_SECRET", "MASTER_SECRET_FILE", "BASE_URL", "TIMEZONE"):
            monkeypatch.delenv(f"SUIVI_{name}", raising=False)
        monkeypatch.setenv("SUIVI_DATA_DIR", str(directory))

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Done:
        out, err = io.BytesIO(), io.BytesIO()
        with self._monkeypatch.context() as patch, quiet_logs():
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", write_through=True))
            code = run([str(argument) for argument in arguments])
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
                stream.detach()  # type: ignore[attr-defined]  # our own wrappers
        return Done(code, out.getvalue().decode(), err.getvalue().decode())

    def use(self, environment: Mapping[str, str]) -> None:
        """Where the stores are, for the commands of this town from now on."""
        self.environment.update(environment)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)

    @contextmanager
    def opened(
        self, environment: Mapping[str, str] | None = None, *, catching_up: bool = True, views: bool = True
    ) -> Iterator[Installation]:
        settings = read_settings({"SUIVI_DATA_DIR": str(self.directory), **self.environment, **(environment or {})})
        with opened(settings, catching_up=catching_up, views=views) as installation:
            yield installation


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Commands configure the logs of their process; this one is pytest's."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def new_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Nothing is installed yet."""
    return CommandLine(tmp_path / "var", monkeypatch)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("founded") / "var"
    with pytest.MonkeyPatch.context() as patch:
        assert CommandLine(directory, patch)("init", "--name", "Mairie de Saint-Aubin").code == 0
    return directory


@pytest.fixture(scope="session")
def lived_in(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lived-in") / "var"
    shutil.copytree(founded, directory)
    with pytest.MonkeyPatch.context() as patch:
        assert CommandLine(directory, patch)("import", EXCERPT, "--create-missing").code == 0
    return directory


@pytest.fixture(scope="session")
def lived_in_server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same on PostgreSQL: its directory, and the address of a database to be copied."""
    directory, url = tmp_path_factory.mktemp("lived-in-server") / "var", create_database()
    with pytest.MonkeyPatch.context() as patch:
        town = CommandLine(directory, patch)
        town.use(addresses(url))
        assert town("init", "--name", "Mairie de Saint-Aubin").code == 0
        assert town("import", EXCERPT, "--create-missing").code == 0
    return directory, url


@pytest.fixture
def suivi(founded: Path, new_town: CommandLine) -> CommandLine:
    """A town hall with the shipped catalogue."""
    shutil.copytree(founded, new_town.directory)
    return new_town


@pytest.fixture
def town(lived_in: Path, new_town: CommandLine) -> CommandLine:
    """The same, with the excerpt's twelve demands."""
    shutil.copytree(lived_in, new_town.directory)
    return new_town


@pytest.fixture(params=KINDS)
def any_town(
    request: pytest.FixtureRequest, new_town: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    """The same, on either database, where nobody else works."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("lived_in"), new_town.directory)
        yield new_town
        return
    directory, template = request.getfixturevalue("lived_in_server")
    shutil.copytree(directory, new_town.directory)
    with postgres_database(template) as url:
        new_town.use(addresses(url))
        monkeypatch.setattr("suivi.schemas._GRACE_S", 0)
        monkeypatch.setattr("suivi.schemas._PATIENCE_S", 0.5)
        yield new_town


@pytest.fixture
def reference_of(town: CommandLine) -> Callable[[str], str]:
    """The reference that the import gave to a case of the excerpt."""

    def find(external_id: str) -> str:
        with town.opened() as installation:
            fingerprint = installation.office.intake.fingerprint_of("import", external_id)
            return installation.register.references([fingerprint])[fingerprint]

    return find
