"""GeoParquet written batch by batch: one file a table, in row groups of equal size.

A city's table need never be in memory as a whole. The bytes depend on the rows
and their order alone, not on how they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

# rows read at once; a community has at most some thousands, so a filter reads
# one or two groups
GROUP_ROWS = 10_000
# names of GeoParquet, by shapely's type ids
_NAMES = (
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


class TableWriter:
    """Write a table into one (Geo)Parquet file, batch by batch.

    As a context it closes the file at its end.

    Examples
    --------
    >>> import tempfile, geopandas as gpd
    >>> outline = shapely.box(0, 0, 9, 9)
    >>> house = gpd.GeoDataFrame({"building": ["a"]}, geometry=[outline], crs="EPSG:4548")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with TableWriter(Path(folder) / "buildings.parquet") as writer:
    ...         writer.write(house)
    ...         writer.write(house.assign(building="b"))
    ...     gpd.read_parquet(Path(folder) / "buildings.parquet")["building"].tolist()
    ['a', 'b']
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._geo: dict[str, Any] | None = None

    def __enter__(self) -> TableWriter:
        """Return the writer itself."""
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        """Close the file; what was written before an error is of no use."""
        if kind is None:
            self.close()
        elif self._writer is not None:
            self._writer.close()

    def write(self, frame: Any) -> None:
        """Add the rows of a (Geo)DataFrame without its index."""
        self.write_arrow(to_arrow(frame))

    def write_arrow(self, table: pa.Table) -> None:
        """Add the rows of an Arrow table from :func:`to_arrow`, or from a file of this writer."""
        geo = read_geo(table.schema)
        if geo is not None:
            self._geo = geo if self._geo is None else _join_geo(self._geo, geo)
        if self._writer is None:
            # bounds are known only at the end, so the description of shapes is written there
            kept = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"geo"}
            self._schema = table.schema.with_metadata(kept)
            # a damaged page is noticed when it is read, even if it still unpacks
            self._writer = pq.ParquetWriter(
                self._path, self._schema, compression="zstd", write_page_checksum=True
            )
        self._waiting.append(table.cast(self._schema))
        self._rows += len(table)
        if self._rows >= GROUP_ROWS:
            # whole groups only: the groups are the same however the batches were cut
            self._flush(self._rows - self._rows % GROUP_ROWS)

    def close(self) -> None:
        """Write what is left and the description of the shapes."""
        self._flush(self._rows)
        if self._geo is not None:
            self._writer.add_key_value_metadata({"geo": json.dumps(self._geo, sort_keys=True)})
        self._writer.close()

    def _flush(self, rows: int) -> None:
        every = pa.concat_tables(self._waiting)
        for begin in range(0, rows, GROUP_ROWS):
            self._writer.write_table(
                # in one piece, or the pieces of the batches would show in the bytes
                every.slice(begin, min(GROUP_ROWS, rows - begin)).combine_chunks()
            )
        self._waiting = [every.slice(rows)]
        self._rows -= rows


def to_arrow(frame: Any) -> pa.Table:
    """Turn a (Geo)DataFrame into an Arrow table.

    Shapes become WKB, described in the metadata as GeoParquet 1.0 wants it.

    Examples
    --------
    >>> to_arrow(pd.DataFrame({"count": ["a"], "value": [2.0]})).column_names
    ['count', 'value']
    """
    name = getattr(frame, "_geometry_column_name", None)
    if name is None or name not in frame.columns:
        return pa.Table.from_pandas(pd.DataFrame(frame), preserve_index=False)
    shapes = frame.geometry.to_numpy()
    flat = pd.DataFrame(frame.drop(columns=name))
    table = pa.Table.from_pandas(flat, preserve_index=False)
    table = table.append_column(name, pa.array(shapely.to_wkb(shapes), type=pa.binary()))
    numbers = np.unique(shapely.get_type_id(shapes))
    bounds = shapely.total_bounds(shapes) if len(shapes) else np.full(4, np.nan)
    about = {
        "encoding": "WKB",
        "crs": None if frame.crs is None else frame.crs.to_json_dict(),
        "geometry_types": sorted(_NAMES[n] for n in numbers if n >= 0),
        **({"bbox": bounds.tolist()} if np.isfinite(bounds).all() else {}),
    }
    geo = {"version": "1.0.0", "primary_column": name, "columns": {name: about}}
    return table.replace_schema_metadata(
        {**(table.schema.metadata or {}), b"geo": json.dumps(geo).encode()}
    )


def read_geo(schema: Any) -> dict[str, Any] | None:
    """Read the description of the shapes from a schema; none where the table has no shapes."""
    text = (schema.metadata or {}).get(b"geo")
    return None if text is None else dict(json.loads(text))


def _join_geo(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Join the descriptions of two batches of one table."""
    name = one["primary_column"]
    a = one["columns"][name]
    b = two["columns"][name]
    boxes = np.array([x["bbox"] for x in (a, b) if "bbox" in x])
    bbox = (
        {"bbox": [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]}
        if len(boxes)
        else {}
    )
    types = sorted({*a["geometry_types"], *b["geometry_types"]})
    return {**one, "columns": {name: {**a, "geometry_types": types, **bbox}}}


def read_batches(
    path: Path, columns: list[str] | None = None, rows: int = 50_000
) -> Iterator[pa.Table]:
    """Read a Parquet file some rows at a time, each batch with the metadata of the file.

    An empty file gives one without rows.
    """
    file = pq.ParquetFile(path)
    # the schema of a file does not show what was added to it at its end
    schema = file.metadata.metadata or {}
    metadata = {
        **(file.schema_arrow.metadata or {}),
        **({b"geo": schema[b"geo"]} if b"geo" in schema else {}),
    }
    empty = True
    for batch in file.iter_batches(batch_size=rows, columns=columns):
        empty = False
        yield pa.Table.from_batches([batch]).replace_schema_metadata(metadata)
    # one batch even so, since it shows the columns
    if empty:
        yield file.read(columns=columns).replace_schema_metadata(metadata)


def from_arrow(table: pa.Table) -> Any:
    """Turn an Arrow table back into a (Geo)DataFrame."""
    import geopandas as gpd

    geo = read_geo(table.schema)
    if geo is None or geo["primary_column"] not in table.column_names:
        return table.to_pandas()
    name = geo["primary_column"]
    shapes = shapely.from_wkb(table.column(name).to_numpy(zero_copy_only=False))
    frame = table.drop_columns([name]).to_pandas()
    # GeoParquet without a word on the CRS means longitude and latitude.
    crs = geo["columns"][name].get("crs", "OGC:CRS84")
    out = gpd.GeoDataFrame(
        frame, geometry=gpd.array.GeometryArray(np.asarray(shapes, dtype=object)), crs=crs
    )
    return out if name == "geometry" else out.rename_geometry(name)


def count_rows(path: Path) -> int:
    """Count the rows of a Parquet file without reading them."""
    return int(pq.read_metadata(path).num_rows)
