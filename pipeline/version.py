"""The version of Groundswell that is installed, as the package's metadata have it."""

from __future__ import annotations


def installed_version() -> str:
    """Such as ``0.2.0``."""
    from importlib import metadata

    return metadata.version("groundswell")
