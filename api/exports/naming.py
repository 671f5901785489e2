"""What a file is called that somebody fetches: layer, place, version and datum, in words."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.exports.rows import Rows
from api.imports.uploads import clean_name
from layers.transfer.outgoing import Lang, Target


def file_name(session: Session, rows: Rows, target: Target, lang: Lang, ending: str) -> str:
    """Return a file's name, such as ``住户-柳河村-第12版-GCJ-02.xlsx``."""
    kind = rows.kind
    parts = [{"zh": kind.zh, "en": kind.en, "code": kind.name}[lang], kind.named]
    if rows.area_code is not None:
        parts.append(_place(session, rows, lang))
    if rows.version is not None:
        parts.append(f"第{rows.version}版" if lang == "zh" else f"v{rows.version}")
    if kind.shapes != "none" and not target.is_crs84:
        parts.append(target.name.replace(":", " "))
    return clean_name(f"{'-'.join(filter(None, parts))}.{ending}")


def _place(session: Session, rows: Rows, lang: Lang) -> str:
    held = rows.place().c
    row = session.execute(
        select(held.name, held.name_en).where(held.code == rows.area_code)
    ).first()
    if row is None or lang == "code":
        return str(rows.area_code)
    return str((lang == "en" and row.name_en) or row.name)
