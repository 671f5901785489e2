"""What the routes of the party-member household map answer.

Of a list's entries, what is empty or null is left out: the defaults here say how it is then read.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.areas.schemas import Bbox, Official, Place

At = tuple[float, float]


class Ground(BaseModel):
    """The village or grid that a map is of."""

    code: str
    name: str
    name_en: str | None = None
    level: Literal["village", "grid"]


class Need(BaseModel):
    """A class of need, and how many households have it."""

    id: str = Field(examples=["chronic"])
    zh: str
    en: str
    n: int | None = Field(description="Null: too few to be told to this reader")


class Counts(BaseModel):
    """How many there are. Null: too few, or too nearly all, to be told to this reader."""

    households: int = Field(description="On the area's list")
    unlocated: int | None = Field(None, description="Of them without coordinates")
    member_households: int | None = Field(None, description="Of them a member lives there")
    needy: int | None = Field(None, description="Of them in need")
    needy_contacted: int | None = Field(None, description="Of those in need: in contact")
    alone: int | None = Field(None, description="Of all households: nobody keeps contact")
    members: int | None = Field(None, description="Whose home or whose branch is here")
    members_unlocated: int | None = Field(None, description="Of them at home without coordinates")
    members_elsewhere: int | None = Field(None, description="Of them at home outside of the area")
    members_no_home: int | None = Field(None, description="Of them with no home recorded")
    few: int | None = Field(None, description="Members who keep too few contacts")
    many: int | None = Field(None, description="Members who keep too many contacts")
    links: int | None = Field(None, description="Contacts that the members keep")
    links_out: int | None = Field(None, description="Of them with households outside of the area")
    links_in: int | None = Field(None, description="Contacts with households here, kept from afar")


class Branch(BaseModel):
    """A Party branch and its seat."""

    code: str
    name: str
    grid: str | None = None
    at: At | None = Field(None, description="Longitude, latitude")
    heads: list[str] = Field([], description="Its secretaries by office")


class Grid(BaseModel):
    """A grid with the names of who answers for it."""

    code: str
    name: str
    name_en: str | None = None
    kind: str
    heads: list[str] = []
    workers: list[str] = []


class Unit(BaseModel):
    """A ten-household unit with the names of its heads."""

    code: str
    name: str | None = None
    heads: list[str] = []


class Member(BaseModel):
    """A member, the name masked, and the households that he keeps contact with."""

    code: str
    name: str = Field(examples=["张**"])
    branch: str | None = None
    home: str | None = Field(None, description="A household of this map")
    elsewhere: bool = Field(False, description="Whether the home lies outside of the area")
    contacts: list[str] = Field([], description="Households of this map")
    outside: int = Field(0, description="Contacts with households outside of the area")


class Household(BaseModel):
    """A household of the area."""

    code: str
    address: str
    at: At | None = Field(None, description="Longitude, latitude; absent: not located")
    people: int | None = None
    grid: str | None = None
    unit: str | None = None
    members: int = Field(0, description="Members who live there")
    needs: list[str] = Field([], description="Classes of need, in the order of the symbols")
    tags: list[str] = Field([], description="The tags themselves, where a class says less")
    others: int = Field(0, description="Contacts that members from outside of the area keep")


class MemberMap(BaseModel):
    """A village's map: numbers with their denominators, branches, members and households."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "area": {"code": "990101101001", "name": "柳河村", "level": "village"},
                "within": [{"code": "990101", "name": "澜禾县", "level": "county"}],
                "bbox": [115.1, 33.5, 115.12, 33.52],
                "boundary": None,
                "detail": True,
                "k": None,
                "least": 5,
                "most": 8,
                "counts": {"households": 720, "member_households": 89, "needy": 148,
                           "needy_contacted": 108, "members": 89},
                "needs": [{"id": "chronic", "zh": "慢性病", "en": "Chronic illness", "n": 48}],
                "legend": None,
                "members": [
                    {"code": "M0001", "name": "王**", "branch": "第1网格党支部",
                     "home": "99010110100100005", "contacts": ["99010110100100007"]}
                ],
                "households": [
                    {"code": "99010110100100007", "address": "柳河镇柳河村3巷5号",
                     "at": [115.11, 33.51], "people": 2, "needs": ["chronic"]}
                ],
            }
        }
    )  # fmt: skip

    area: Ground
    within: list[Place] = Field(description="What the area lies in, from the county down")
    bbox: Bbox | None = Field(description="West, south, east, north of the boundary, or else of "
                              "what has a place; null if nothing has")  # fmt: skip
    boundary: dict[str, Any] | None = Field(description="The area's outline as GeoJSON")
    detail: bool = Field(description="Whether single members and households are in it")
    k: int | None = Field(description="The least number told, where only counts are")
    least: int = Field(description="The fewest households that a member should keep contact with")
    most: int = Field(description="The most")
    synthetic: bool = Field(False, description="Whether the county is invented (合成数据)")
    date: str | None = Field(None, description="Of which day all this is")
    counts: Counts
    needs: list[Need]
    legend: dict[str, Any] | None = Field(description="As `/legends/members.json`, of this area")
    branches: list[Branch] = []
    grids: list[Grid] = []
    units: list[Unit] = []
    members: list[Member] = []
    households: list[Household] = []


class Village(Place):
    """A village in the list to choose from."""

    town_name: str | None = None
    town_name_en: str | None = None
    counts: Counts


class Villages(BaseModel):
    """The villages of the reader's area that have households."""

    k: int | None = Field(description="The least number told, where only counts are")
    villages: list[Village]


class Person(BaseModel):
    """A member on a household's card, the name masked."""

    code: str
    person: str = Field(description="The person's code, for `POST /api/people/{person}/reveal`")
    name: str
    branch: str | None = None
    since: str | None = Field(None, description="Since when he is a member, or keeps contact")


class Visit(BaseModel):
    """The last visit that is known of."""

    at: str
    name: str = Field(description="Who was there, the name masked")


class Card(BaseModel):
    """A household's card."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "99010110100100007",
                "address": "柳河镇柳河村3巷5号",
                "people": 2,
                "needs": ["chronic"],
                "tags": ["慢性病"],
                "grid": {"code": "990101101001003", "name": "柳河村第3网格"},
                "unit": "990101101001003-02",
                "officials": [],
                "members": [],
                "contacts": [
                    {"code": "M0001", "person": "P0001", "name": "王**",
                     "branch": "第1网格党支部", "since": "2025-03-01"}
                ],
                "others": 0,
                "last_visit": {"at": "2026-11-10T09:20:00+08:00", "name": "李**"},
            }
        }
    )  # fmt: skip

    code: str
    address: str
    at: At | None
    people: int | None
    needs: list[str] = Field(description="Classes of need, in the order of the symbols")
    tags: list[str]
    grid: Ground | None
    unit: str | None
    officials: list[Official] = Field(description="Unit head, grid head and workers")
    members: list[Person] = Field(description="Who of the household is a member")
    contacts: list[Person] = Field(description="Which members of the area keep contact with it")
    others: int = Field(description="How many members from outside of the area do")
    last_visit: Visit | None
