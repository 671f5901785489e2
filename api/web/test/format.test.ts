import { expect, test } from "vitest";
import { count, land, metres } from "../src/format";

test("land speaks the reader's unit first", () => {
  expect(land("zh", 2000 / 3)[0]).toBe("1 亩");
  expect(land("en", 800)).toEqual(["800 m²", "1.2 mu"]);
  expect(land("en", 2_500_000)[0]).toBe("2.5 km²");
});

test("distances take the unit that fits", () => {
  expect([2500, 12, 0.5, 0.004].map((m) => metres("en", m))).toEqual(["2.5 km", "12 m", "50 cm", "4 mm"]);
  expect(metres("zh", 12)).toBe("12 米");
});

test("numbers are grouped", () => {
  expect(count("zh", 373000)).toBe("373,000");
});
