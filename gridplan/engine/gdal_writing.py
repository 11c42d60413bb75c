"""Writing through GDAL: one thread at a time, and with a fixed date in place of the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# written where a GeoPackage wants the time of writing: same tables, same bytes
FIXED_DATE = "2000-01-01T00:00:00.000Z"
# GDAL has its settings once for all threads: one that ends would give another its clock back
_one_thread = threading.RLock()


@contextmanager
def fix_date() -> Iterator[None]:
    """Let GDAL write a fixed date and leave syncing to us; its settings return afterwards.

    Examples
    --------
    >>> import pyogrio
    >>> with fix_date():
    ...     pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    '2000-01-01T00:00:00.000Z'
    """
    import pyogrio

    wanted = {"OGR_CURRENT_DATE": FIXED_DATE, "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    with _one_thread:
        before = {name: pyogrio.get_gdal_config_option(name) for name in wanted}
        pyogrio.set_gdal_config_options(wanted)
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options(before)
