"""One hypothesis profile for every test: the same examples each time, and no deadline on a busy machine."""

from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci")
