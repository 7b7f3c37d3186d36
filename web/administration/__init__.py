"""The administrators' pages: the mail queue, the town's settings, its procedures; nothing of what demands contain."""

from web.administration import mails, procedure, procedures, settings
from web.administration.blueprint import administration

ROUTES = (mails, procedure, procedures, settings)

__all__ = ["ROUTES", "administration"]
