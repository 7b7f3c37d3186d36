"""An agent who is logged in, for measuring pages."""

from flask.testing import FlaskClient

from benchmarks.town import NOW
from suivi.compose import Installation
from suivi.serving import web_parts
from web.app import create_app

PASSWORD = "sept girafes dansent"


def logged_in(installation: Installation) -> FlaskClient:
    """A client with a session of the agent ``lea``."""
    installation.credentials.set_password("lea", PASSWORD, NOW)
    app = create_app(web_parts(installation, "http://localhost", lambda _: None))
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/connexion", data={"code": "lea", "password": PASSWORD})
    if answer.status_code != 303:
        raise RuntimeError(f"no login: {answer.status_code}")
    return client
