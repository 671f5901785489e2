"""Which column is which: headers guessed from Chinese and English names, and told over."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.transfer.errors import TransferError, some

# Headers that only sometimes name a grid's own code: taken where no value stands twice.
WEAK_CODES = ("id", "wardno", "wardcode", "precinct", "geoid", "fid", "objectid", "lid", "编号")
# field: headers, the likelier first; compared without case, spaces and punctuation.
HEADERS: Mapping[str, Sequence[str]] = {
    "code": ("code", "gridcode", "编码", "网格编码", "网格代码", "代码", "行政区划代码"),
    "name": ("name", "gridname", "名称", "网格名称", "村名", "社区名称", "wardname", "precinctn"),
    "area_code": (
        "areacode", "parent", "parentcode", "villagecode", "所属村", "所属社区",
        "村编码", "村代码", "上级编码", "所属区划",
    ),
    "kind": ("kind", "type", "网格类型", "类型"),
    "coverage": ("coverage", "覆盖方式", "专属策略"),
    "grid_code": ("gridcode", "recordedgrid", "网格编码", "所属网格", "登记网格"),
    "address": ("address", "住址", "地址", "家庭住址"),
}  # fmt: skip
KINDS = {"农村网格": "rural", "社区网格": "community", "专属网格": "dedicated"}
COVERAGES = {"独占": "exclusive", "专属": "exclusive", "叠加": "overlay", "": "exclusive"}


def plain(header: str) -> str:
    """Return a header without case, spaces and punctuation.

    Examples
    --------
    >>> plain("Ward_No."), plain("网格 编码")
    ('wardno', '网格编码')
    """
    return re.sub(r"[\W_]+", "", header).lower()


def guess(columns: Sequence[str], field: str) -> str | None:
    """Return the column that is likeliest to hold a field, or null."""
    by_plain = {plain(str(column)): str(column) for column in reversed(list(columns))}
    found = (by_plain[plain(header)] for header in HEADERS[field] if plain(header) in by_plain)
    return next(found, None)


def name_columns(
    frame: gpd.GeoDataFrame, fields: Sequence[str], told: Mapping[str, str | None]
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Give a frame the columns that the check knows.

    Parameters
    ----------
    frame
        As it was read.
    fields
        The fields that are wanted.
    told
        Field to column, where somebody said which; it must exist.

    Returns
    -------
    frame, notes
        Only the wanted fields that were found, and the geometry; ``notes`` says what was guessed.

    Raises
    ------
    TransferError
        If a column that was named is not there.
    """
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    out: dict[str, pd.Series] = {}
    notes = []
    for field in fields:
        column = told.get(field)
        if column is not None and column not in columns:
            raise TransferError(
                f"There is no column “{column}”.",
                cure=f"There are: {some(columns)}.",
                zh=f"没有“{column}”这一列；现有各列：{some(columns, zh=True)}。",
            )
        column = column or guess(columns, field)
        if column is None and field == "code":
            column = _unique_column(frame, columns)
        if column is not None:
            out[field] = text(frame[column])
            if not told.get(field) and plain(column) != plain(field):
                notes.append(f"“{column}” is taken as {field}.")
    if "code" in fields and "code" not in out:
        out["code"] = pd.Series([str(row) for row in range(1, len(frame) + 1)], index=frame.index)
        notes.append("No column of codes was found; rows are called by their number (see --code).")
    if "area_code" in fields and "area_code" not in out and "area" in columns:
        # A number of hectares as often as a code: taken where the codes themselves stand under it.
        above = text(frame["area"])
        pairs = zip(out["code"], above, strict=True)
        if all(area and code.startswith(area) and code != area for code, area in pairs):
            out["area_code"] = above
            notes.append("“area” is taken as area_code.")
    if "kind" in out:
        out["kind"] = out["kind"].replace(KINDS)
    if "coverage" in out:
        _settle_coverage(out, told.get("coverage"), notes)
    return gpd.GeoDataFrame(out, geometry=frame.geometry, crs=frame.crs), notes


def _settle_coverage(out: dict[str, pd.Series], column: str | None, notes: list[str]) -> None:
    """Leave the words that the check knows; a column that was only guessed may say other things."""
    values = out["coverage"].replace(COVERAGES)
    unknown = ~values.isin(("exclusive", "overlay"))
    if not unknown.any():
        out["coverage"] = values
    elif column is None:
        del out["coverage"]
        notes.append("The column of coverage is left out: it says neither exclusive nor overlay.")
    else:
        row = int(unknown.to_numpy().argmax())
        raise TransferError(
            f"“{values.iloc[row]}” in column {column} is no way of covering.",
            cure="Write exclusive (独占) or overlay (叠加).",
            zh=f"{column} 列的“{values.iloc[row]}”不是覆盖方式，请写“独占”或“叠加”。",
            row=row + 1,
            code=out["code"].iloc[row],
        )


def _unique_column(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> str | None:
    """Return the first column with a weak header that names every row differently."""
    weak = {plain(column): column for column in reversed(columns)}
    found = (weak[header] for header in WEAK_CODES if header in weak)
    return next((name for name in found if text(frame[name]).is_unique), None)


def text(values: pd.Series) -> pd.Series:
    """Return values as text: whole numbers without a point, nulls as empty text."""
    if pd.api.types.is_float_dtype(values):
        whole = values.dropna()
        if (whole == whole.round()).all():
            return values.map(lambda value: "" if pd.isna(value) else f"{value:.0f}")
    return values.map(_word)


def _word(value: Any) -> str:  # noqa: ANN401 - what a file has
    if isinstance(value, list | np.ndarray):
        return "；".join(map(_word, value))
    return "" if pd.isna(value) else str(value).strip()
