"""The web over a whole installation, as the composition root hands it over."""

from typing import Any, ClassVar

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from suivi.compose import Installation
from suivi.foreseeing import endings_under
from web.app import create_app
from web.parts import Parts


def parts_of(installation: Installation, **changed: Any) -> Parts:
    """What the web is given; a test changes what it is about."""
    names = (
        *("office", "lists", "journal", "all_demands", "statistics", "people", "credentials", "sessions", "throttles"),
        *("activations", "clients", "access_log", "outbox", "preferences", "keyring", "zone", "clock", "random_bytes"),
        *("operations", "selecting", "named_filters"),
    )
    usual = {name: getattr(installation, name) for name in names}
    usual |= {"session_secret": installation.secrets.key("session"), "calendars": installation.calendars}
    usual |= {"endings_under": lambda definition, now: endings_under(installation, definition, now)}
    return Parts(**(usual | {"base_url": "http://localhost"} | changed))


class _CompiledOnce(BytecodeCache):
    """Templates compiled by an application of this process serve the next one."""

    kept: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


def app_of(installation: Installation, **changed: Any) -> Flask:
    """The application under test: what breaks is raised."""
    app = create_app(parts_of(installation, **changed))
    app.jinja_env.bytecode_cache = _CompiledOnce()
    app.testing = True
    return app
