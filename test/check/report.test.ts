// report.html of runs with known contents, as text and in a real browser where there is one: everything is in it, nothing
// is loaded from elsewhere, nothing is cut at 1280 and at 360 pixels.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeReport } from "../../packages/app/experiment/src/run/report.js";
import { select } from "../../packages/app/runs/test/figure/svg.js";
import { accessibilityFaults, hasBrowser, launch } from "../support/browser.js";
import { type FitRun, writeFitRun } from "../support/fit-run.js";
import { scratch } from "../support/scratch.js";

const root = scratch();

const words = ["age", "income", "CD34", "a_long_name_with_underscores_and_no_space_anywhere_in_it"];
const evil = "<script>alert(1)</script>";
const columns = (d: number) =>
  Array.from({ length: d }, (_, i) => (i === 4 ? evil : (words[i] ?? `gene_${i}`)));
const runs = {
  two: { names: columns(2) },
  twenty: { names: columns(20), off: 0.2, warnings: [`${evil} is constant`, "7 rows occur twice"] },
  many: { names: columns(200), off: 1.2 },
  pictures: { names: null },
} satisfies Record<string, FitRun>;

const pathOf = (name: string) => join(root, name, "report.html");
beforeAll(async () => {
  for (const [name, run] of Object.entries(runs)) {
    await writeFitRun(join(root, name), run);
    expect(await writeReport({ folder: join(root, name) })).toBe(pathOf(name as "two"));
  }
});

describe("the text of a report", () => {
  const pageAt = (path: string) => {
    const page = readFileSync(path, "utf8");
    const all = (selector: string) => select(page, selector).map((found) => found.textContent);
    return { all, text: all("main").join() };
  };

  it("has what was asked, verdicts, figures, metrics, data, choices, curves and commands", () => {
    const page = pageAt(pathOf("twenty"));
    const { text } = page;
    expect(page.all("h1")).toEqual(["From day_2.csv to day_4.csv"]);
    expect(text).toContain("npx dsbm fit day_2.csv day_4.csv 'data.exclude=cell id'");
    expect(page.all(".verdict")).toHaveLength(2);
    // Four planes, 20 histograms and three matrices each way; the loss and two metrics.
    expect(page.all("figure svg")).toHaveLength(2 * (4 + 20 + 3) + 3);
    expect(page.all(".warnings li")).toEqual([`${evil} is constant`, "7 rows occur twice"]);
    expect(text).toContain("a fifth of the median distance between the ends");
    expect(text).not.toContain("reserve=");
    expect(text).toContain("npx dsbm sample");
  });

  it("shows the worst of many columns and says how many are left out", () => {
    const path = pathOf("many");
    const page = pageAt(path);
    expect(page.all("figure svg")).toHaveLength(2 * (4 + 24 + 3) + 3);
    expect(page.text).toContain("The 24 worst of 200 columns; 176 are not shown");
    expect(readFileSync(path).length).toBeLessThan(2e6);
  });

  it("keeps texts from outside texts", () => {
    for (const name of Object.keys(runs) as (keyof typeof runs)[]) {
      const page = pageAt(pathOf(name));
      expect(page.all("script")).toHaveLength(0);
      expect(readFileSync(pathOf(name), "utf8")).not.toMatch(/(src|href)="(?!data:|#)/);
    }
    expect(pageAt(pathOf("twenty")).text).toContain(evil);
  });

  it("passes over figures of another form, and names a file that is no JSON", async () => {
    const folder = join(root, "damaged");
    await writeFitRun(folder, { names: columns(3) });
    const points = join(folder, "samples", "it0002_f_step00000100_points.json");
    writeFileSync(points, '{"n": 3, "dim": "x", "plane": [1]}');
    expect(pageAt(await writeReport({ folder })).all("h3")[0]).toMatch(/^Backward/);
    writeFileSync(points, "{");
    await expect(writeReport({ folder })).rejects.toThrow(/_points\.json is not valid JSON/);
  });
});

describe.skipIf(!hasBrowser)("a report in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  const views = Object.keys(runs).flatMap((name) =>
    [1280, 360].map((width): [string, number] => [name, width]),
  );
  it.each(views)("%s at %i pixels", async (name, width) => {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme: width === 360 ? "dark" : "light",
    });
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    const loaded: string[] = [];
    page.on("request", (request) => loaded.push(request.url()));
    const address = pathToFileURL(pathOf(name)).href;
    await page.goto(address);
    expect(said).toEqual([]);
    expect(loaded.filter((url) => !url.startsWith("data:"))).toEqual([address]);
    await page.evaluate(() => {
      for (const folded of document.querySelectorAll("details")) folded.open = true;
    });
    expect(await faultsOf(page)).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.close();
  });
});

/** What is wider than the page, cut, broken within a word, without numbers, or not there. */
const faultsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const faults: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} wide`);
    for (const image of document.images)
      if (!image.complete || image.naturalWidth === 0) faults.push(`no image ${image.alt}`);
    // Numbers that are compared are on the page without a move to the side.
    for (const box of document.querySelectorAll(".box:has(.cards)"))
      if (box.scrollWidth > box.clientWidth + 1)
        faults.push(`${box.getAttribute("aria-label")} is ${box.scrollWidth} wide`);
    // Tables, commands and shortened names have boxes of their own, which scroll or end in "…".
    const own = ".box, pre";
    for (const element of document.querySelectorAll("h1, h2, h3, p, li, dt, dd, b, figure, a")) {
      if (element.closest(own)) continue;
      const { left, right, width } = element.getBoundingClientRect();
      if (width > 0 && (left < 0 || right > innerWidth + 0.5))
        faults.push(`${element.tagName} ${element.textContent?.slice(0, 40)} ends at ${right}`);
      if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
        faults.push(`${element.tagName} ${element.textContent?.slice(0, 40)} is cut`);
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (node.parentElement?.closest("svg, pre")) continue;
      for (const word of (node.nodeValue ?? "").matchAll(/[\p{L}\p{N}]{2,30}/gu)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const tops = [...range.getClientRects()].map(({ top }) => top);
        if (Math.max(...tops) - Math.min(...tops) > 4) faults.push(`${word[0]} is broken`);
      }
    }
    for (const svg of document.querySelectorAll<SVGSVGElement>("figure.chart svg")) {
      for (const axis of ["x", "y"]) {
        const ticks = svg.querySelectorAll(`[data-mark="${axis}-axis tick label"] text`);
        if ([...ticks].filter(({ textContent }) => textContent).length < 2)
          faults.push(`${svg.getAttribute("aria-label")} has no numbers along ${axis}`);
      }
    }
    for (const svg of document.querySelectorAll<SVGSVGElement>("figure svg")) {
      const box = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll("text")) {
        const { left, right, bottom } = text.getBoundingClientRect();
        if (left < box.left - 6 || right > box.right + 10 || bottom > box.bottom + 6)
          faults.push(`${svg.getAttribute("aria-label")}: ${text.textContent} is outside`);
      }
    }
    return faults;
  });
