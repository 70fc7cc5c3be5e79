"""The record behind a command: the factory of the home directory that the options name."""

from genba.core.home import home
from genba.faces.cli.options import Access
from genba.factory.factory import Factory


def opened(access: Access) -> Factory:
    """Open the factory of the home directory."""
    return Factory.open(home(access.home))
