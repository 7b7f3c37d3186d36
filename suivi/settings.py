"""What the operator sets, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from suivi.refusals import CommandRefused

STORES: Final = ("events", "views", "keys", "accounts")
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = ("postgresql://", "postgres://")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the stores, the keys and the mail server are, and how the town hall is reached.

    ``files`` gives the SQLite file of each store that has one, ``servers`` the PostgreSQL address of each other one;
    ``base_url`` is None when the operator did not set one.
    """

    data_dir: Path
    keys_dir: Path
    files: Mapping[str, Path]
    servers: Mapping[str, str] = field(default_factory=dict, repr=False)
    master_secret: str | None
    master_secret_file: Path
    zone: ZoneInfo
    broker_url: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    base_url: str | None = None
    trusted_proxies: int = 0
    trusted_hosts: tuple[str, ...] = ()
    demo: bool = False

    def at(self, port: int) -> str:
        """The public address: the one that was set, else this machine's own at a port."""
        return (self.base_url or f"http://127.0.0.1:{port}").rstrip("/")

    def hosts(self, base_url: str) -> tuple[str, ...]:
        """The host names a request may carry; a loopback address answers to all its names."""
        host = urlsplit(base_url).hostname or "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        names = LOOPBACK if host in LOOPBACK else (host,)
        return (*names, *self.trusted_hosts)

    def sender(self, base_url: str) -> str:
        """The address mails come from."""
        return self.mail_from or f"suivi@{urlsplit(base_url).hostname or 'localhost'}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from ``SUIVI_*`` variables; raises CommandRefused with a sentence for one that cannot be used."""
    data_dir = Path(environment.get("SUIVI_DATA_DIR") or "var").absolute()
    keys_dir = Path(environment.get("SUIVI_KEYS_DIR") or data_dir / "keys").absolute()
    return Settings(
        data_dir=data_dir,
        keys_dir=keys_dir,
        files=_files(environment, data_dir),
        servers={name: url for name in STORES if (url := _url(environment, name)).startswith(_POSTGRES)},
        master_secret=environment.get("SUIVI_MASTER_SECRET") or None,
        master_secret_file=Path(environment.get("SUIVI_MASTER_SECRET_FILE") or keys_dir / "master.secret"),
        zone=_zone(environment.get("SUIVI_TIMEZONE") or "Europe/Paris"),
        broker_url=environment.get("SUIVI_BROKER_URL", ""),
        smtp_url=environment.get("SUIVI_SMTP_URL", ""),
        mail_from=environment.get("SUIVI_MAIL_FROM", ""),
        base_url=_address(environment.get("SUIVI_BASE_URL", "")),
        trusted_proxies=_number(environment.get("SUIVI_TRUSTED_PROXIES") or "0"),
        trusted_hosts=tuple(filter(None, environment.get("SUIVI_TRUSTED_HOSTS", "").split(","))),
    )


def _files(environment: Mapping[str, str], data_dir: Path) -> dict[str, Path]:
    urls = {name: _url(environment, name) for name in STORES}
    files = {name: _file(name, url, data_dir) for name, url in urls.items() if not url.startswith(_POSTGRES)}
    if len({path.resolve() for path in files.values()}) < len(files):
        raise CommandRefused("Deux magasins ne peuvent pas être dans le même fichier SQLite : corrigez SUIVI_*_URL.")
    return files


def _file(name: str, url: str, data_dir: Path) -> Path:
    if not url:
        return data_dir / f"{name}.sqlite3"
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return Path(url.removeprefix(_SQLITE)).absolute()
    raise CommandRefused(
        f"SUIVI_{name.upper()}_URL doit être « sqlite:///chemin » ou « postgresql://utilisateur@serveur/base »."
    )


def _url(environment: Mapping[str, str], name: str) -> str:
    return environment.get(f"SUIVI_{name.upper()}_URL", "")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CommandRefused(f"SUIVI_TIMEZONE : le fuseau « {name} » n’existe pas.") from error


def _number(text: str) -> int:
    if not text.isdigit():
        raise CommandRefused("SUIVI_TRUSTED_PROXIES : un nombre de serveurs mandataires, 0 par défaut.")
    return int(text)


def _address(url: str) -> str | None:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise CommandRefused(
            "SUIVI_BASE_URL doit être une adresse complète, par exemple « https://suivi.mairie.example »."
        )
    return url or None
