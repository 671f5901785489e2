"""Who may have what in a file: by role, by area, and for a reason."""

from typing import Any

from api.auth import SENSITIVE_ONLY, Reader, Role
from api.errors import NotAllowedError
from api.exports.service import Request
from layers.transfer import kind_of

# Those who have to reach people may see names and numbers, for a reason, as on the page.
REVEALERS: frozenset[Role] = frozenset({"administrator", "party_officer", "grid_worker"})
# Memberships and contacts: for those who work with them, as on the map.
PARTY = ("members", "links")


def may_export(reader: Reader, kind: str) -> bool:
    """Tell whether a kind leaves for a reader at all."""
    return kind not in PARTY or reader.sees_members


def request_of(reader: Reader, asked: dict[str, Any]) -> Request:
    """Return what a reader asks for, cut to what he may have.

    Parameters
    ----------
    asked
        ``kind``, ``area``, ``version``, ``crs``, ``lang``, ``reveal`` of
        :class:`api.exports.service.Request`. Without an area it is all of the reader's own.

    Raises
    ------
    NotAllowedError
        If the kind, the area or a reveal is not for him.
    TransferError
        If there is no such kind.
    """
    request = Request(
        **{**asked, "area": asked["area"] or reader.prefix or None},
        individual=reader.sees_households, account=reader.username,
    )  # fmt: skip
    require_rights(reader, request)
    return request


def require_rights(reader: Reader, request: Request) -> None:
    """Refuse what is not for a reader: when he asks, and again when he fetches the file.

    Raises
    ------
    NotAllowedError
        Saying which of them.
    """
    if not may_export(reader, kind_of(request.kind).name):
        raise NotAllowedError(*SENSITIVE_ONLY)
    if not reader.sees(request.area or ""):
        raise NotAllowedError("This is not in your area.", "不在您的辖区之内。")
    if request.reveal is not None and reader.role not in REVEALERS:
        raise NotAllowedError(
            "Your role gets masked data: leave the reason out.",
            "您的角色只能导出脱敏数据，请去掉查看理由。",
        )
    if request.individual and not reader.sees_households:
        raise NotAllowedError("Single households are not for your role.", "您的角色不能查看单户。")
