// A fit in try.html in chromium: seconds from "Train" to the first moving rows, frames a second and the longest task of the page while it
// trains, memory of its own of the page's renderer (RssAnon), and its verdicts next to the command's on the same data, seed and minutes.
// `npm run bench:page -- [--only rivers,rings,table,cells] [--minutes M] [--rows N] [--columns N] [--cells N] [--genes N] [--seed N]`
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { repo } from "../scripts/setup/stamp.mjs";
import { random } from "../scripts/torture/random.mjs";
import { markdown } from "./cost.mjs";
import { writeCounts } from "./counts.mjs";
import { processorSeconds } from "./processor.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "rings,table" },
    minutes: { type: "string", default: "2" },
    rows: { type: "string", default: "10000" },
    columns: { type: "string", default: "10" },
    cells: { type: "string", default: "5000" },
    genes: { type: "string", default: "2000" },
    seed: { type: "string", default: "42" },
  },
});
const bundle = join(repo, "packages/command/browser/dist/bundle");
const folder = mkdtempSync(join(tmpdir(), "dsbm-bench-page-"));

/** A table of correlated normal columns, the target in two clusters. */
function writeTable(name, isTarget) {
  const next = random(isTarget ? 2 : 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const columns = Number(values.columns);
  const lines = [Array.from({ length: columns }, (_, k) => `c${k}`).join()];
  for (let i = 0; i < Number(values.rows); i++) {
    const common = normal();
    const centre = isTarget ? (next() < 0.5 ? 2 : -1) : 0;
    const row = Array.from({ length: columns }, (_, k) => centre * (k % 3) + common + normal());
    lines.push(row.map((x) => x.toFixed(4)).join());
  }
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

async function writeCells() {
  const path = join(folder, "cells.h5ad");
  const [cells, genes] = [values.cells, values.genes].map(Number);
  await writeCounts(path, { cells, genes, share: 0.1 });
  return path;
}

/** Data by the name of a row: the example of a link, or files; a choice in the page; arguments of the command. */
const data = {
  rivers: async () => ({
    link: "example=rivers",
    paths: [
      ...["winter", "summer"].map((name) => join(repo, `examples/data/${name}.csv`)),
      "data.exclude=[id,river]",
    ],
  }),
  rings: async () => ({ link: "example=rings" }),
  table: async () => {
    const files = [writeTable("source.csv", false), writeTable("target.csv", true)];
    return { files, paths: files };
  },
  cells: async () => {
    const file = await writeCells();
    return {
      files: [file],
      choose: (page) => page.getByLabel("use of condition").selectOption("groups"),
      paths: [file, "data.split_by=condition", "data.source=control", "data.target=treated"],
    };
  },
};

/** The page from a server on this computer. */
function serve() {
  const server = createServer(({ url }, response) => {
    const name = basename(new URL(url, "http://page").pathname);
    const isThere = ["try.html", "try-h5ad.js"].includes(name);
    const type = name.endsWith(".js") ? "text/javascript" : "text/html";
    response.writeHead(isThere ? 200 : 404, { "content-type": type });
    response.end(isThere ? readFileSync(join(bundle, name)) : "");
  });
  return new Promise((listening) =>
    server.listen(0, "127.0.0.1", () => listening([server, server.address().port])),
  );
}

/** In the page: counts frames and long tasks, and notes when the button was pressed and rows moved. */
function watchPage() {
  const seen = { frames: 0, longest: 0, pressed: 0, moved: 0, tasks: 0 };
  globalThis.seen = seen;
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) {
      if (seen.pressed === 0 || startTime < seen.pressed) continue;
      seen.longest = Math.max(seen.longest, duration);
      seen.tasks += 1;
    }
  }).observe({ type: "longtask" });
  const frame = () => {
    seen.frames += 1;
    if (seen.pressed > 0 && seen.moved === 0 && document.querySelector("canvas"))
      seen.moved = performance.now();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const press = ({ target }) => {
    if (target.textContent !== "Train" || seen.pressed > 0) return;
    Object.assign(seen, { frames: 0, pressed: performance.now() });
  };
  addEventListener("click", press, true);
}

/** What /proc says of each renderer, from a file of each. */
async function renderersOf(browser, file, numberOf) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.map(({ id }) => {
    try {
      return numberOf(readFileSync(`/proc/${id}/${file}`, "utf8"));
    } catch {
      return 0; // the process has ended
    }
  });
}

/** MiB of the page and its worker, which are in one renderer. Chromium keeps others ready, which are smaller and hold nothing of the page. */
const memoryOf = async (browser) =>
  Math.max(
    ...(await renderersOf(browser, "status", (text) => Number(/RssAnon:\s+(\d+)/.exec(text)[1]))),
  ) / 1024;
const processorSecondsOf = async (browser) =>
  (await renderersOf(browser, "stat", processorSeconds)).reduce((sum, one) => sum + one, 0);

/** Opens the page with the data. */
async function openPage(page, address, { link, files, choose }) {
  await page.addInitScript(watchPage);
  const options = new URLSearchParams({ minutes: values.minutes, seed: values.seed });
  await page.goto(`${address}#${[link, options].filter(Boolean).join("&")}`);
  if (files) await page.locator("input[type=file]").setInputFiles(files);
  await page.getByRole("heading", { name: "Data", exact: true }).waitFor({ timeout: 120_000 });
  await choose?.(page);
  // Somebody looks at the data.
  await page.waitForTimeout(2000);
}

/** Trains in the page until it has a result, and says what it cost. */
async function fitInPage(address, given) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await openPage(page, address, given);
    const before = await processorSecondsOf(browser);
    await page.getByRole("button", { name: "Train" }).click();
    await page.locator("canvas").first().waitFor({ timeout: 120_000 });
    const work = (await processorSecondsOf(browser)) - before;
    const result = page.getByRole("heading", { name: "Result", exact: true });
    const alert = page.getByRole("alert");
    let peak = 0;
    while (!(await result.isVisible())) {
      if (await alert.isVisible()) throw new Error(await alert.textContent());
      peak = Math.max(peak, await memoryOf(browser));
      await page.waitForTimeout(250);
    }
    const seen = await page.evaluate(() => ({ ...globalThis.seen, now: performance.now() }));
    return { ...seen, work, peak, verdicts: await page.locator(".verdict b").allTextContents() };
  } finally {
    await browser.close();
  }
}

/** Grades of the command with the portable engine. */
function gradesOfCommand(paths, name) {
  const bin = join(repo, "packages/command/cli/bin/dsbm.mjs");
  const options = [
    `max_minutes=${values.minutes}`,
    `seed=${values.seed}`,
    "threads=1",
    `name=${name}`,
  ];
  const output = execFileSync(process.execPath, [bin, "fit", ...paths, ...options, "--json"], {
    cwd: folder,
    env: { ...process.env, DSBM_ENGINE: "portable" },
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(output).verdicts.map(({ direction, grade }) => `${direction} ${grade}`);
}

/** A row of the table. */
async function measure(name, address) {
  const given = await data[name]();
  const fit = await fitInPage(address, given);
  const { pressed, moved, now, frames, longest, tasks, peak, verdicts, work } = fit;
  return [
    name,
    `${((moved - pressed) / 1000).toFixed(2)} (${work.toFixed(2)})`,
    ((1000 * frames) / (now - pressed)).toFixed(0),
    `${longest.toFixed(0)} (${tasks})`,
    peak.toFixed(0),
    verdicts.join(" "),
    given.paths ? gradesOfCommand(given.paths, name).join(", ") : "–",
  ];
}

const names = values.only.split(",");
const unknownName = names.find((name) => !Object.hasOwn(data, name));
if (unknownName !== undefined) {
  console.error(`--only ${unknownName}: expected ${Object.keys(data).join(", ")}.`);
  process.exit(1);
}
const [server, port] = await serve();
try {
  const rows = [];
  for (const name of names) rows.push(await measure(name, `http://127.0.0.1:${port}/try.html`));
  const head = [
    "data",
    "first rows move, s (of processors)",
    "frames a second",
    "longest task, ms (tasks)",
  ];
  console.log(markdown([...head, "memory, MiB", "verdicts", "grades of the command"], rows));
} finally {
  server.close();
  rmSync(folder, { recursive: true });
}
