// The page of a run: its tables show what the data have, and it can be moved with the run.
import { describe, expect, it } from "vitest";
import { renderReport } from "../../src/figure/report.js";
import { select } from "./svg.js";

describe("renderReport", () => {
  const table = { caption: "Results", rows: [{ n: 1, mean: -0.09891, note: "<b>" }] };

  it("has tables, pictures by relative path, facts, and no scripts", () => {
    const html = renderReport({
      title: "Run <1>",
      facts: { fb_sequence: ["b", "f"], dim: 5 },
      tables: [table],
      pictures: [{ path: "figures/a b.svg", caption: "Path" }],
    });
    expect(select(html, "td").map((td) => td.textContent)).toEqual([
      "1",
      "-0.0989",
      "<b>",
      '["b","f"]',
      "5",
    ]);
    expect(select(html, "img").map((img) => img.getAttribute("src"))).toEqual([
      "figures/a%20b.svg",
    ]);
    expect(html).not.toMatch(/<script|https?:/);
    expect(html).toContain("<h1>Run &#60;1&#62;</h1>");
  });

  it("shows the columns that have values, and explains those only", () => {
    const rows = [
      { n: 1, extra: 0.5, fid: null, w2: 2 },
      { n: 2, extra: 1, fid: null, w2: 1.25 },
    ];
    const meanings = { w2: "distance", fid: "not here" };
    const html = renderReport({
      title: "x",
      tables: [{ caption: "All", rows, meanings }],
    });
    expect(select(html, "th").map((th) => th.textContent)).toEqual(["n", "extra", "w2"]);
    expect(select(html, "td").map((td) => td.textContent)).toEqual([
      ...["1", "0.5000", "2.0000"],
      ...["2", "1.0000", "1.2500"],
    ]);
    expect(select(html, "dt").map((dt) => dt.textContent)).toEqual(["w2"]);
  });

  it("links its parts", () => {
    const tables = ["A", "B", "C"].map((caption) => ({ ...table, caption }));
    const html = renderReport({ title: "x", tables });
    for (const link of select(html, "nav a"))
      expect(select(html, link.getAttribute("href") as string)).toHaveLength(1);
    expect(select(html, "nav a").map((a) => a.textContent)).toEqual(["A", "B", "C"]);
  });

  it("refuses pictures that would not travel with the folder", () => {
    for (const path of ["/tmp/a.png", "https://example.org/a.png", "../a.png", "data:image/png,"]) {
      const pictures = [{ path, caption: "x" }];
      expect(() => renderReport({ title: "x", pictures })).toThrow(/not a path relative/);
    }
  });
});
