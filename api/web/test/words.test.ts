import { expect, test } from "vitest";
import { WORDS, say } from "../src/words";

test("every word is said in both languages", () => {
  for (const [key, [zh, en]] of Object.entries(WORDS)) {
    expect(zh, key).toBeTruthy();
    expect(en, key).toBeTruthy();
  }
});

test("both languages fill the same gaps", () => {
  const gaps = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
  for (const [key, [zh, en]] of Object.entries(WORDS)) expect(gaps(zh), key).toEqual(gaps(en));
});

test("English has no Chinese in it, but for the switch", () => {
  for (const [key, [, en]] of Object.entries(WORDS)) {
    if (key !== "otherLanguage") expect(en, key).not.toMatch(/[\u4e00-\u9fff]/);
  }
});

test("gaps are filled", () => {
  expect(say("en", "households", { n: "12" })).toBe("12 households");
});
