"""Which column of a file is which field: guessed from headers in two languages, or told."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from layers.transfer.columns import plain
from layers.transfer.errors import TransferError
from layers.transfer.kinds import Field, Kind

# Before a value that is to stand in every row: --columns 'kind==noise'.
CONSTANT = "="
SHOWN = 12


def map_columns(
    kind: Kind,
    headers: Sequence[str],
    told: Mapping[str, str],
    remembered: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return field to column, or to ``=value`` for a value that every row has.

    Parameters
    ----------
    kind
        What is imported.
    headers
        Of the file.
    told
        Field to column, where somebody said which; an empty column leaves the field out.
    remembered
        The same, from an earlier file with these headers: what it left out stays out, and a column
        that is now told to be another field is guessed anew.

    Raises
    ------
    TransferError
        If a field or a column that was told is not there.

    Examples
    --------
    >>> from layers.transfer.kinds import KINDS
    >>> map_columns(KINDS["people"], ["编号", "姓名", "手机"], {"code": "编号"})
    {'code': '编号', 'name': '姓名', 'phone': '手机'}
    """
    _require_told(kind, headers, told)
    out = {name: column for name, column in told.items() if column}
    out |= {
        name: column
        for name, column in (remembered or {}).items()
        if name not in told and (column.startswith(CONSTANT) or column in _free(headers, out))
    }
    for field in kind.fields:
        # What an earlier import of these headers left out stays out.
        silent = bool(remembered) and field.name not in (remembered or {})
        if field.name not in told and field.name not in out and not silent:
            guessed = _guess(field, _free(headers, out))
            out |= {} if guessed is None else {field.name: guessed}
    return {field.name: out[field.name] for field in kind.fields if field.name in out}


def _require_told(kind: Kind, headers: Sequence[str], told: Mapping[str, str]) -> None:
    fields = [field.name for field in kind.fields]
    for name, column in told.items():
        if name not in fields:
            raise TransferError(
                f"{kind.title} have no field “{name}”.",
                cure=f"They have: {', '.join(fields)}.",
                zh=f"{kind.zh}没有字段“{name}”；有：{'、'.join(fields)}。",
            )
        if column and not column.startswith(CONSTANT) and column not in headers:
            raise TransferError(
                f"There is no column “{column}”.",
                cure=f"There are: {', '.join(list(headers)[:SHOWN])}.",
                zh=f"没有“{column}”这一列；现有各列：{'、'.join(list(headers)[:SHOWN])}。",
            )


def _free(headers: Sequence[str], taken: Mapping[str, str]) -> list[str]:
    return [header for header in headers if header not in taken.values()]


def _guess(field: Field, headers: Sequence[str]) -> str | None:
    by_plain = {plain(header): header for header in reversed(headers)}
    names = (field.name, field.zh, field.en, *field.headers)
    return next((by_plain[plain(name)] for name in names if plain(name) in by_plain), None)


def column_values(columns: Mapping[str, pa.Array], column: str, rows: int) -> pa.Array:
    """Return a mapped column's text; a constant is repeated."""
    if column.startswith(CONSTANT):
        return pa.array([column[len(CONSTANT) :]] * rows, pa.string())
    return columns[column]


def parse_columns(words: Sequence[str]) -> dict[str, str]:
    """Read ``field=COLUMN`` pairs, several in one word between commas.

    Raises
    ------
    TransferError
        If a word is no pair.

    Examples
    --------
    >>> parse_columns(["code=编号,name=姓名", "kind==noise"])
    {'code': '编号', 'name': '姓名', 'kind': '=noise'}
    """
    out = {}
    for pair in (pair for word in words for pair in word.split(",") if pair):
        name, sign, column = pair.partition("=")
        if not sign:
            raise TransferError(
                f"“{pair}” does not say which column.",
                cure="Write field=COLUMN, or field==VALUE.",
                zh=f"“{pair}”没有说明是哪一列。请写 字段=列名，或 字段==固定值。",
            )
        out[name.strip()] = column.strip()
    return out
