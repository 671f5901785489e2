import { expect, test } from "vitest";
import { read, write } from "../src/permalink";

test("a link comes back as it went", () => {
  const link = { view: { zoom: 12.5, lat: 33.6, lon: 115.3 }, finding: "ab12", grid: null, home: null, member: null, lang: "en" as const };
  expect(read(write(link))).toEqual(link);
  const chosen = { ...link, finding: null, home: "99010110020500007", member: "M0005579" };
  expect(read(write(chosen))).toEqual(chosen);
});

test("nonsense is no view", () => {
  for (const hash of ["", "#", "#a/b/c", "#1/2", "#NaN/1/2"]) expect(read(hash).view).toBeNull();
  expect(read("#1/2/3?lang=fr").lang).toBeNull();
});
