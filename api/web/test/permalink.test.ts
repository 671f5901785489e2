import { expect, test } from "vitest";
import { read, write } from "../src/permalink";

test("a link comes back as it went", () => {
  const link = { view: { zoom: 12.5, lat: 33.6, lon: 115.3 }, finding: "ab12", grid: null, home: null, member: null, at: null, lang: "en" as const };
  expect(read(write(link))).toEqual(link);
  const chosen = { ...link, finding: null, home: "99010110020500007", member: "M0005579" };
  expect(read(write(chosen))).toEqual(chosen);
  const place = { ...link, finding: null, at: [115.320412, -33.601207] as [number, number] };
  expect(write(place)).toContain("at=115.320412,-33.601207");
  expect(read(write(place))).toEqual(place);
});

test("nonsense is no view", () => {
  for (const hash of ["", "#", "#a/b/c", "#1/2", "#NaN/1/2"]) expect(read(hash).view).toBeNull();
  expect(read("#1/2/3?lang=fr").lang).toBeNull();
  for (const at of ["", "1", "1,", ",1", "a,b", "1,2,3", "181,0", "0,-91", "NaN,1", "Infinity,0"])
    expect(read(`#1/2/3?at=${at}`).at, at).toBeNull();
});
