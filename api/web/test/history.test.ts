import { expect, test } from "vitest";
import { height, ticks, type CheckPoint } from "../src/history";

const CHECK: CheckPoint = {
  id: 7, version: { id: 3, title: null }, finished_at: "2026-01-01T08:00:00+08:00", by: "planner",
  errors: 8, warnings: 2, accepted: 1, uncovered_km2: 0.002, households_uncovered: 12, new: 1, gone: 0, rules_off: [],
};

test("an axis has round numbers, from nought to not below the most", () => {
  for (const most of [0.4, 1, 2, 3, 7, 12, 99, 100, 101, 148, 3551, 3015.7, 2_010_020]) {
    const marks = ticks(most);
    expect(marks[0]).toBe(0);
    expect(marks.at(-1)!).toBeGreaterThanOrEqual(most);
    expect(marks.at(-2)!).toBeLessThan(most);
    expect(marks.length).toBeLessThanOrEqual(5);
    // What is counted has no halves.
    if (most >= 1) expect(marks.every((mark) => Number.isInteger(mark))).toBe(true);
  }
  expect(ticks(148)).toEqual([0, 50, 100, 150]);
  expect(ticks(0)).toEqual([0, 1]);
});

test("a bar is as high as its measure, land in the reader's unit", () => {
  expect(height("errors", CHECK, "zh")).toBe(8);
  expect(height("warnings", CHECK, "en")).toBe(2);
  expect(height("homes", CHECK, "en")).toBe(12);
  expect(height("land", CHECK, "en")).toBeCloseTo(2000);
  expect(height("land", CHECK, "zh")).toBeCloseTo(3);
});
