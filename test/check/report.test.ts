// report.html of short fits, as text and in a real browser if there is one: nothing is loaded from elsewhere, nothing is
// cut at 1280 and at 360 pixels.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { picturePng } from "@dsbm/runs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeReport } from "../../packages/app/experiment/src/run/report.js";
import { select } from "../../packages/app/runs/test/figure/svg.js";
import { onlyRun } from "../e2e/cli.js";
import { runWell } from "../e2e/sample.js";
import {
  accessibilityFaults,
  hasBrowser,
  launch,
  printFaults,
  sticksOut,
} from "../support/browser.js";
import { scratch } from "../support/scratch.js";
import { wordsOf } from "../support/words.js";

const root = scratch();
const evilText = "<script>alert(1)</script>";
const columns = ["age", evilText, "a_long_name_with_underscores_and_no_space_anywhere_in_it"];

/** Writes a table of 26 columns, the last of which is constant. */
function writeTable(name: string, shift: number) {
  const names = Array.from({ length: 25 }, (_, k) => columns[k] ?? `gene_${k}`);
  const rows = Array.from({ length: 120 }, (_, i) =>
    [...names.map((_, k) => 10 ** (k % 7) * (Math.sin(i * (k + 1) * 7) + shift)), 1].join(),
  );
  writeFileSync(join(root, name), [[...names, "still"].join(), ...rows, ""].join("\n"));
}

async function writePictures(name: string, grey: number) {
  mkdirSync(join(root, name));
  for (let i = 0; i < 20; i++) {
    const pixels = new Uint8Array(256).fill(grey + i);
    writeFileSync(join(root, name, `${i}.png`), await picturePng(pixels, [1, 16, 16]));
  }
}

const fewColumns =
  wordsOf(`max_minutes=null num_iter=60 first_num_iter=60 n_ipf=1 num_steps=3 batch_size=32
  log_every=5 threads=1`);
const runs = {
  many: ["a.csv", "b.csv", "model.hidden=[8,8]", "cache_npar=200"],
  pictures: wordsOf(
    "dark light model.num_channels=16 cache_npar=8 batch_size=4 num_iter=6 first_num_iter=6",
  ),
};
const reports = [...Object.keys(runs), "course", "classes"];
const folders = {} as Record<keyof typeof runs | "course" | "classes", string>;
const pathOf = (name: string) => join(folders[name as "many"], "report.html");

beforeAll(async () => {
  writeTable("a.csv", 0);
  writeTable("b.csv", 1);
  await writePictures("dark", 20);
  await writePictures("light", 200);
  for (const [name, [source, target, ...own]] of Object.entries(runs)) {
    const ends = [source, target].map((place) => join(root, place));
    const experiments = join(root, name);
    await runWell("fit", ...ends, ...fewColumns, ...own, `experiments_dir=${experiments}`);
    folders[name as "many"] = onlyRun(experiments) as string;
  }
  folders.course = await writeCourse();
  folders.classes = await writeClasses();
});

it.each([
  ["course", ["Velocity at the data", "Growth rate per day", "data of day 3", "age 2 to 3"]],
  ["classes", ["By condition", "class = b. Not measured."]],
])("of a run with %s shows its figures", (name, texts) => {
  const { text } = pageAt(pathOf(name));
  for (const one of texts) expect(text).toContain(one);
});

/** The parts of points.json that a course changes. */
interface Content {
  rows: { group: string }[];
  histograms: unknown[];
  plane: { source: number[]; target: number[]; generated: number[] };
}

/** Changes a JSON file. */
function edit(path: string, change: (content: Content) => object) {
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")))));
}

/** Copies the run of tables as a course of three days with growth and conditions; figures keep their points. */
async function writeCourse() {
  const folder = join(root, "course");
  cpSync(folders.many, folder, { recursive: true });
  const dataset = (label: string, mass: number) => ({
    ...{ path: "cells.csv", group: label, format: "csv", label, mass },
    ...{ rows: 120, train: 108, test: 12, dropped: 0 },
  });
  const datasets = [dataset("2", 1), dataset("3", 1.3), dataset("7", 2.4)];
  edit(join(folder, "data.json"), (data) => ({ ...data, course: { name: "day", datasets } }));
  // The tables of columns are looked at in the run of tables.
  rmSync(join(folder, "manifest.jsonl"));
  edit(join(folder, "quality.json"), ({ rows, ...quality }) => ({
    ...quality,
    rows: rows.filter(({ group }) => group !== "columns"),
  }));
  const samples = join(folder, "samples");
  for (const name of readdirSync(samples).filter((file) => file.endsWith("_points.json")))
    edit(join(samples, name), ({ plane, histograms, ...points }) => {
      const { source, target, generated } = plane;
      const [from, to] = [source.slice(0, 24), target.slice(0, 24)];
      return {
        ...points,
        histograms: histograms.slice(0, 3),
        plane: { ...plane, between: [{ name: "", time: 3, data: target, generated }] },
        conditions: ["age 1 to 2", "age 2 to 3"].map((label) => ({
          ...{ label, source, target, generated },
        })),
        course: {
          arrows: { from, to, span: 0.5 },
          growth: from.slice(0, 12),
          mass: { times: [2, 7], generated: [1, 2.2], dataTimes: [2, 3, 7], data: [1, 1.3, 2.4] },
          fates: { column: "kind", from: ["stem"], to: ["b", "t"], counts: [[3, 9]], data: [4, 8] },
        },
      };
    });
  await writeReport(folder);
  return folder;
}

/** Copies the run of images as a run with classes, whose grids are its source images. */
async function writeClasses() {
  const folder = join(root, "classes");
  cpSync(folders.pictures, folder, { recursive: true });
  const samples = join(folder, "samples");
  for (const name of readdirSync(samples).filter((file) => file.endsWith("_start.png"))) {
    const id = name.replace("_start.png", "");
    for (const i of [1, 2]) cpSync(join(samples, name), join(samples, `${id}_condition_${i}.png`));
    writeFileSync(join(samples, `${id}_conditions.json`), '{"labels":["class = a","class = b"]}');
  }
  await writeReport(folder);
  return folder;
}

const pageAt = (path: string) => {
  const page = readFileSync(path, "utf8");
  const all = (selector: string) => select(page, selector).map((found) => found.textContent);
  return { page, all, text: all("main").join() };
};

it("shows the worst of many columns, the number of hidden ones, and warnings", () => {
  const { all, text } = pageAt(pathOf("many"));
  expect(all("h1")).toEqual(["From a.csv to b.csv"]);
  expect(all(".verdict")).toHaveLength(2);
  expect(text).toContain("The 24 worst of 26 columns; 2 are not shown");
  expect(all(".warnings li").join()).toContain("still");
  for (const words of ["npx dsbm fit", "npx dsbm sample"]) expect(text).toContain(words);
});

it("keeps texts from outside texts", () => {
  for (const name of reports) {
    const { page, all } = pageAt(pathOf(name));
    expect(all("script")).toEqual([]);
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
  }
  expect(pageAt(pathOf("many")).text).toContain(evilText);
});

it("passes over figures of another form, and names a file that is no JSON", async () => {
  const folder = join(root, "damaged");
  cpSync(folders.many, folder, { recursive: true });
  const samples = join(folder, "samples");
  const name = readdirSync(samples).find((file) => /_f_.*points\.json$/.test(file)) as string;
  writeFileSync(join(samples, name), '{"n": 3, "dim": "x", "plane": [1]}');
  const figures = (path: string) => pageAt(path).all("figure svg").length;
  expect(figures(await writeReport(folder))).toBeLessThan(figures(pathOf("many")));
  writeFileSync(join(samples, name), "{");
  await expect(writeReport(folder)).rejects.toThrow(/_points\.json is not valid JSON/);
});

describe.skipIf(!hasBrowser)("a report in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  const views = reports.flatMap((name) =>
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
    expect(await sticksOut(page)).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
    if (width === 360) expect(await printFaults(page)).toEqual([]);
    await page.close();
  });
});

/** What is cut, without numbers, or not there. */
const faultsOf = (page: Page) =>
  page.evaluate(() => {
    const faults: string[] = [];
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
    for (const svg of document.querySelectorAll<SVGSVGElement>("figure.chart svg")) {
      for (const axis of ["x", "y"]) {
        const ticks = svg.querySelectorAll(`[data-mark="${axis}-axis tick label"] text`);
        if ([...ticks].filter(({ textContent }) => textContent).length < 2)
          faults.push(`${svg.getAttribute("aria-label")} has no numbers along ${axis}`);
      }
    }
    return faults;
  });
