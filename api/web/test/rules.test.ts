import { expect, test } from "vitest";
import { differing, said, type Book } from "../src/rules";

const book: Book = {
  rules: [
    {
      code: "C101", name: "gap", name_zh: "空白", reason: "", reason_zh: "", on: true, severity: "error",
      usual_severity: "error", privacy: "open", limits: [], page: "/docs/rules/C101",
    },
    {
      code: "H204", name: "stacked-households", name_zh: "住户坐标堆叠", reason: "", reason_zh: "", on: true, severity: "info",
      usual_severity: "info", privacy: "open", limits: ["stacked"], page: "/docs/rules/H204",
    },
  ],
  limits: [
    {
      key: "stacked", name: "", name_zh: "", unit: "", unit_zh: "", form: "number", low: 2, high: 100, value: 20, usual: 20,
      by_area: false,
    },
  ],
  areas: [{ code: "990101101", name: "柳河镇", name_en: null, limits: { visit_days: 14 } }],
  changed_at: null,
  changed_by: null,
};

test("what is as it comes is not said", () => {
  expect(said(book)).toEqual({ rules: {}, limits: {}, areas: { "990101101": { visit_days: 14 } } });
});

test("what differs is said, and counted", () => {
  const [gap, stacked] = book.rules;
  const next: Book = {
    ...book,
    rules: [{ ...gap!, on: false }, { ...stacked!, severity: "warning" }],
    limits: [{ ...book.limits[0]!, value: 30 }],
    areas: [],
  };
  expect(said(next)).toEqual({
    rules: { C101: { on: false }, H204: { severity: "warning" } },
    limits: { stacked: 30 },
    areas: {},
  });
  expect(differing(book, next)).toBe(4);
  expect(differing(book, book)).toBe(0);
});
