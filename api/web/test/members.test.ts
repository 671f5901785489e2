import { afterEach, expect, test, vi } from "vitest";

vi.stubGlobal("location", { pathname: "/members/990101100205", hash: "" });
vi.stubGlobal("document", { createElement: () => ({ getContext: () => null }), querySelector: () => null });
const { arc, allLinks, chosenLinks, points, rings, veil } = await import("../src/member_shapes");
const { distance, focus, isAlone, member, need, settled, short, village } = await import("../src/members");
type MemberMap = import("../src/members").MemberMap;

const SQUARE: [number, number][] = [[115, 33], [115.1, 33], [115.1, 33.1], [115, 33.1], [115, 33]];
const HOLE: [number, number][] = [[115.04, 33.04], [115.06, 33.04], [115.06, 33.06], [115.04, 33.04]];
const MAP: MemberMap = {
  area: { code: "990101100205", name: "稻洼村", level: "village" },
  within: [{ code: "990101", name: "澜禾县", name_en: null, level: "county" }, { code: "990101100", name: "苇陂镇", name_en: null, level: "town" }],
  bbox: [115, 33, 115.1, 33.1],
  boundary: { type: "MultiPolygon", coordinates: [[SQUARE, HOLE]] },
  detail: true,
  k: null,
  least: 5,
  most: 8,
  counts: { households: 4 },
  needs: [],
  legend: null,
  branches: [{ code: "B1", name: "支部", at: [115.05, 33.05] }, { code: "B2", name: "总支" }],
  members: [
    { code: "M1", name: "张**", home: "h1", contacts: ["h1", "h2", "h3"], outside: 1 },
    { code: "M2", name: "李*", elsewhere: true, contacts: ["h2"] },
  ],
  households: [
    { code: "h1", address: "苇陂镇稻洼村1号", at: [115.01, 33.01], members: 1, needs: ["elderly", "income"] },
    { code: "h2", address: "苇陂镇稻洼村2号", at: [115.02, 33.02] },
    { code: "h3", address: "别处3号", needs: ["income"] },
    { code: "h4", address: "稻洼村4号", at: [115.04, 33.09], needs: ["income"], others: 0 },
  ],
};

afterEach(() => {
  member.value = null;
  need.value = null;
});
village.value = MAP;
const told = (of: GeoJSON.FeatureCollection) => of.features.map((each) => each.properties);

test("a house is told as in the service's tiles, and what has no place is not drawn", () => {
  const drawn = told(points(MAP));
  expect(drawn.filter((each) => each!.kind === "home")).toEqual([
    { kind: "home", code: "h1", members: 1, contacts: 1, alone: false },
    { kind: "home", code: "h2", members: 0, contacts: 2, alone: false },
    { kind: "home", code: "h4", members: 0, contacts: 0, alone: true },
  ]);
  // A member's star is the first symbol at a house, the needs follow.
  expect(drawn.filter((each) => each!.code === "h1" && each!.kind === "need").map((each) => each!.slot)).toEqual([1, 2]);
  expect(drawn.find((each) => each!.code === "h4" && each!.kind === "need")!.slot).toBe(0);
  expect(drawn.filter((each) => each!.kind === "seat")).toHaveLength(1);
  expect(points(null).features).toEqual([]);
});

test("a line needs two places, and none leads home", () => {
  const [first, second] = MAP.members!;
  expect(told(chosenLinks(first, null))).toEqual([{ member: "M1", code: "h2" }]);
  // Whose home is elsewhere has no lines, but his households have rings.
  expect(chosenLinks(second, null).features).toEqual([]);
  expect(told(rings(second, null))).toEqual([{ own: false }]);
  expect(told(chosenLinks(undefined, "h2"))).toEqual([{ member: "M1", code: "h2" }]);
  expect(allLinks(MAP).features).toHaveLength(1);
});

test("a line begins and ends at the homes and swings out between", () => {
  const line = arc([115, 33], [115.1, 33]);
  expect(line[0]).toEqual([115, 33]);
  expect(line.at(-1)![0]).toBeCloseTo(115.1, 9);
  const height = distance([115.05, 33], [115.05, line[7]![1]]);
  expect(height / distance([115, 33], [115.1, 33])).toBeCloseTo(0.06, 2);
});

test("all but the village is veiled, enclaves too", () => {
  const [outside, enclave] = veil(MAP).features.map((each) => (each.geometry as GeoJSON.Polygon).coordinates);
  expect(outside).toHaveLength(2);
  expect(outside![1]).toEqual(SQUARE);
  expect(enclave).toEqual([HOLE]);
  expect(veil({ ...MAP, boundary: null }).features).toEqual([]);
});

test("who is looked at stands out", () => {
  expect(focus.value).toBeNull();
  member.value = "M1";
  expect([...focus.value!].sort()).toEqual(["h1", "h2", "h3"]);
  member.value = null;
  need.value = "income";
  expect([...focus.value!].sort()).toEqual(["h1", "h3", "h4"]);
});

test("nobody keeps contact with whom neither this area's members nor others visit", () => {
  expect(MAP.households!.map(isAlone)).toEqual([false, false, false, true]);
  expect(isAlone({ code: "x", address: "", needs: ["child"], others: 1 })).toBe(false);
});

test("an address goes without the names that all begin with", () => {
  expect(["苇陂镇稻洼村1号", "稻洼村4号", "别处3号", "稻洼村"].map(short)).toEqual(["1号", "4号", "别处3号", "稻洼村"]);
});

test("the map begins where the homes are, else with the boundary", () => {
  expect(settled(MAP)).toEqual([115.01, 33.01, 115.04, 33.09]);
  expect(settled({ ...MAP, households: [] })).toEqual(MAP.bbox);
  expect(settled(null)).toBeNull();
});

test("a distance is that of the sphere", () => {
  expect(distance([115, 33], [115, 34])).toBeCloseTo(111195, 0);
});
