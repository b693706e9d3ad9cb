"""A link and a customer's browser, as in the tests of links."""

from tests.links.conftest import *  # noqa: F403
