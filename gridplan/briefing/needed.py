"""Packages that only some documents need: asked for where they are used, with a clear line."""

from __future__ import annotations

from importlib import import_module

from gridplan.errors import MissingPackageError


def need_package(module: str, package: str) -> None:
    """Refuse to go on without a package of the extra ``report``.

    Parameters
    ----------
    module
        The name that it is imported by, such as ``docx``.
    package
        The name that it is installed by, such as ``python-docx``.

    Raises
    ------
    MissingPackageError
        If it is not installed.

    Examples
    --------
    >>> need_package("zipfile", "zipfile")
    >>> try:
    ...     need_package("no_such_module", "no-such-package")
    ... except MissingPackageError as error:
    ...     print(error)
    this document needs the package no-such-package -> pip install 'gridplan[report]'
    """
    try:
        import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"this document needs the package {package} -> pip install 'gridplan[report]'"
        ) from error
