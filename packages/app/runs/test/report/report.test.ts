// Reports in words: numbers, grades, verdicts, and texts from outside that stay texts.
import { describe, expect, it } from "vitest";
import { judge, worstColumns } from "../../src/report/judge.js";
import { metricTables } from "../../src/report/metrics.js";
import { digits, percent } from "../../src/report/page/digits.js";
import { Html, html } from "../../src/report/page/html.js";
import { renderPage } from "../../src/report/page/page.js";
import { verdicts } from "../../src/report/verdict.js";
import type { MetricRow } from "../../src/run/quality.js";
import { select } from "../figure/svg.js";

const row = (change: Partial<MetricRow>): MetricRow => ({
  name: "sliced_w2",
  title: "sliced W2",
  group: "ends",
  meaning: "",
  direction: "f",
  value: 1,
  interval: null,
  floor: 1,
  ceiling: 100,
  better: "lower",
  n: null,
  ...change,
});

describe("numbers", () => {
  it.each([
    [0, "0"],
    [12_345, "12,345"],
    [-0.04129, "−0.0413"],
    [1, "1"],
    [1.0049, "1.00"],
    [53.84, "53.8"],
    [1234.56, "1,235"],
    [1.234e-5, "1.23 × 10⁻⁵"],
    [-3.21e12, "−3.21 × 10¹²"],
    [Number.NaN, "not a number"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [null, "–"],
  ])("%s is %s", (value, text) => expect(digits(value)).toBe(text));

  it("never rounds a part to nothing or everything", () => {
    expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual([
      "0 %",
      "less than 1 %",
      "50 %",
      "more than 99 %",
      "100 %",
    ]);
  });
});

describe("judge", () => {
  it.each([
    ["at the floor", { value: 1.2 }, "good"],
    ["an interval that reaches the floor", { value: 1.6, interval: [0.9, 2] }, "good"],
    [
      "an interval that reaches the floor's own",
      { value: 1.6, interval: [1.3, 1.8], floor_interval: [0.9, 1.4] },
      "good",
    ],
    ["twice the floor", { value: 1.9 }, "fair"],
    ["most of the way", { value: 9 }, "fair"],
    ["half way", { value: 50 }, "poor"],
    ["no better than no bridge", { value: 120 }, "poor"],
    ["not a number", { value: Number.NaN }, "poor"],
    ["more is better", { better: "higher", value: 0.9, floor: 0.95, ceiling: 0.1 }, "good"],
    ["more would be better", { better: "higher", value: 0.3, floor: 0.95, ceiling: 0.1 }, "poor"],
    ["a target that is met", { better: "target", target: 1, value: 1.05 }, "good"],
    ["a target that is missed", { better: "target", target: 1, value: 1.8 }, "poor"],
    ["an unbiased floor below zero", { value: 1e-4, floor: -1e-6, ceiling: 1 }, "fair"],
    ["a floor that nothing must reach", { group: "path", value: 5, floor: 0 }, "none"],
    ["an interval from floor to ceiling", { value: 9, interval: [0.5, 200] }, "none"],
    [
      "a target somewhere in a wide interval",
      { better: "target", target: 1, value: 1.8, interval: [0.5, 5] },
      "none",
    ],
    ["no floor", { floor: null }, "none"],
  ] as [string, Partial<MetricRow>, string][])("%s", (_, change, grade) => {
    expect(judge(row(change)).grade).toBe(grade);
  });

  it("orders columns by what they are worst at in either direction", () => {
    const column = (name: string, value: number, direction: "f" | "b") =>
      row({ group: "columns", column: name, value, direction });
    const rows = [
      column("a", 2, "f"),
      column("b", 1, "f"),
      column("a", 1, "b"),
      column("b", 9, "b"),
    ];
    expect(worstColumns(rows)).toEqual(["b", "a"]);
  });
});

describe("tables of metrics", () => {
  it("call no displacement good of ends that miss the target", () => {
    const moved = (change: Partial<MetricRow>) =>
      metricTables([
        row(change),
        row({ name: "displacement", group: "plan", title: "displacement", ceiling: 9 }),
      ])
        .map(({ text }) => text)
        .join();
    expect(moved({ value: 1 })).toContain("as good as the floor");
    expect(moved({ value: 99 })).not.toContain("as good as the floor");
    expect(moved({ value: 99 })).toContain("of ends that miss the target");
  });
});

describe("verdicts", () => {
  const words = (rows: MetricRow[]) =>
    verdicts(rows, { source: "A", target: "B" }, "rows").map(({ text }) =>
      select(text, "div")[0]?.textContent.replace(/\s+/g, " "),
    );

  it.each([
    [
      { value: 1.1 },
      /Forward, from A to B.*are as close to B as two halves of B are to each other/,
    ],
    [{ value: 1.8 }, /are nearly as close to B .* 1\.8 times what two halves of B are apart/],
    [{ value: 9 }, /are close to B, but can be told from it: 92 % of the distance from A is gone/],
    [{ value: 40 }, /are only part of the way to B: 61 % .* 40 times/],
    [{ value: 80 }, /are still far from B: 20 %/],
    [{ value: 99 }, /are no closer to B than A is: the bridge has not worked/],
    [{ value: 9, interval: [0.5, 200] }, /cannot be judged: the interval reaches from/],
    [{ value: Number.NaN }, /are not finite numbers: the bridge cannot be used/],
    [{ direction: "b" }, /Backward, from B to A.*as close to A as two halves of A/],
  ] as [Partial<MetricRow>, RegExp][])("%j", (change, expected) => {
    expect(words([row(change)])).toEqual([expect.stringMatching(expected)]);
  });

  it("says what is less favourable, the worst column and what was held out", () => {
    const [text] = words([
      row({}),
      row({ name: "energy", title: "energy distance", value: 60 }),
      row({ group: "columns", column: "x", value: 1 }),
      row({ group: "columns", column: "y", value: 7 }),
      row({ group: "holdout", title: "exact W1", value: 39.1, floor: 31.2 }),
    ]);
    expect(text).toMatch(/Less favourable: energy distance 60 \(40 % of the way/);
    expect(text).toMatch(/1 of 2 columns are.*the worst is y \(1-Wasserstein 7,/);
    expect(text).toMatch(/held out: exact W1 39\.1 \(floor 31\.2, ceiling 100\)/);
  });
});

describe("pages", () => {
  it("escape every text, in elements and in attributes", () => {
    const evil = `<script>alert("1")</script>'"&`;
    const piece = html`<b title="${evil}">${evil}${[evil, html`<i>${1}</i>`]}${null}${false}</b>`;
    expect(piece).toBeInstanceOf(Html);
    expect(piece.text).not.toContain("<script");
    const [b] = select(piece.text, "b");
    expect(b?.getAttribute("title")).toBe(evil);
    expect(b?.textContent).toBe(`${evil}${evil}\n1`);
  });

  it("allow nothing from elsewhere and link their parts", () => {
    const sections = ["a", "b", "c"].map((id) => ({ id, title: id, body: html`<p>${id}</p>` }));
    const page = renderPage({ title: "<T>", sections });
    const [policy] = select(page, "meta[http-equiv]");
    expect(policy?.getAttribute("content")).toMatch(/^default-src 'none'; img-src data:;/);
    expect(page).not.toMatch(/<script|https?:/);
    for (const link of select(page, "nav a"))
      expect(select(page, link.getAttribute("href") as string)).toHaveLength(1);
    expect(select(page, "nav a")).toHaveLength(3);
  });
});
