// The studio in a real browser: a run that appears and grows, charts, comparison, and that a page says nothing on the console,
// asks no other host, and is accessible.
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acquireLock } from "@dsbm/files";
import { startStudio } from "@dsbm/studio";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programOf } from "../../packages/pages/studio/test/program.js";
import {
  type FakeRun,
  metricLine,
  writeQuality,
  writeRun,
} from "../../packages/pages/studio/test/runs.js";
import { renderPlayerPage } from "../../packages/pages/web/dist/page/html.js";
import { tinyExport, tinySamples } from "../../packages/pages/web/test/tiny-export.js";
import { root } from "../docs/blocks.js";
import {
  accessibilityFaults,
  hasBrowser,
  launch,
  printFaults,
  sticksOut,
} from "../support/browser.js";
import { scratch } from "../support/scratch.js";

const scratchFolder = scratch();
const folder = join(scratchFolder, "experiments");
let browser: Browser;
let server: ChildProcess;
let address = "";

const runs: [path: string, run: FakeRun][] = [
  ["moons/defaults/1", { lines: 1200 }],
  ["moons/sigma=1/1", { sigma: 1, lines: 1000 }],
  ["moons/sigma=2/1", { sigma: 2, method: "dsb", lines: 800 }],
  ["failing/defaults/1", { name: "failing", state: "failed", reason: "the loss is NaN" }],
];

beforeAll(async () => {
  if (!hasBrowser) return;
  for (const [path, run] of runs) writeRun(join(folder, path), run);
  writeQuality(join(folder, runs[0][0]));
  mkdirSync(join(folder, runs[0][0], "samples"));
  for (const way of ["f", "b"])
    copyFileSync(
      join(root, "docs/pictures/rivers.png"),
      join(folder, runs[0][0], `samples/it0002_${way}_step00005000_scatter.png`),
    );
  server = spawn(
    process.execPath,
    [join(root, "packages/command/cli/bin/dsbm.mjs"), "studio", folder],
    {
      env: { ...process.env, XDG_CONFIG_HOME: join(scratchFolder, "config") },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  address = await new Promise((done, fail) => {
    server.on("exit", () => fail(new Error("the studio ended")));
    server.stdout?.on("data", (text) => {
      const found = /http:\S+/.exec(String(text))?.[0];
      if (found) done(found);
    });
  });
  browser = await launch();
});
afterAll(async () => {
  server?.removeAllListeners("exit");
  server?.kill();
  await browser?.close();
});

/** Opens a page, and afterwards expects that it said nothing, but of refused requests if there are any, and asked nobody else. */
async function look(
  hash: string,
  use: (page: Page) => Promise<void>,
  { width = 1280, dark = false, at = address, isRefused = false } = {},
) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
  });
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (message) => {
    if (!isRefused || !/^Failed to load resource/.test(message.text())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(String(error)));
  const asked: string[] = [];
  page.on("requestfinished", (request) => asked.push(request.url()));
  // What the policy of a page forbids is named as a request, but is not sent.
  page.on("requestfailed", (request) => {
    if (!/BLOCKED_BY_CSP|csp/.test(request.failure()?.errorText ?? "")) asked.push(request.url());
  });
  await page.goto(at + hash);
  await use(page);
  expect(said).toEqual([]);
  const { origin } = new URL(at);
  expect(asked.filter((url) => !url.startsWith(origin) && !/^(data|blob):/.test(url))).toEqual([]);
  await context.close();
}

const widths = [360, 1280];

const runHash = (id: string, more = "") => `#/run?run=${encodeURIComponent(id)}${more}`;
const compareHash = `#/compare?${runs
  .slice(0, 3)
  .map(([id]) => `run=${encodeURIComponent(id)}`)
  .join("&")}`;

const tinyPage = join(scratchFolder, "tiny.html");
/** A command that exports any run as the page of a known bridge, if it exists. */
const tinyExporter = programOf(["sh", "-c", 'cp "$0" "$3"', tinyPage]);

describe.skipIf(!hasBrowser)("the studio in a browser", () => {
  it("shows a run with its first line, live, and lets its curves grow", async () => {
    const id = "live/defaults/7";
    const at = join(folder, id);
    await look("#/", async (page) => {
      await page.getByRole("link", { name: "failing" }).waitFor();
      writeRun(at, { name: "live", state: "running", lines: 1, seed: 7 });
      const lock = acquireLock(join(at, ".lock"));
      await page.getByRole("link", { name: "live" }).waitFor();
      await page.locator(".state.running").waitFor();
      await page.getByRole("link", { name: "live" }).click();
      const loss = page.getByRole("img", { name: /^Loss/ });
      await loss.waitFor();
      const before = await loss.getAttribute("aria-label");
      appendFileSync(join(at, "metrics.jsonl"), metricLine(1, 40) + metricLine(2, 50));
      await page.waitForFunction(
        (label) => document.querySelector("canvas")?.getAttribute("aria-label") !== label,
        before,
      );
      appendFileSync(
        join(at, "metrics.jsonl"),
        '{"half_iteration":2,"direction":"f","step":60,"loss":"NaN"}\n',
      );
      await page.getByText("loss is NaN from step 60 of half-iteration 2 on").waitFor();
      lock.release();
      await page.getByText("the process ended without a message").waitFor();
    });
  });

  it("sorts, filters and compares", async () => {
    await look("#/", async (page) => {
      await page.getByRole("searchbox").fill("sigma");
      await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
      await page.getByRole("button", { name: "Method" }).click();
      expect(await page.locator("tbody tr").first().textContent()).toContain("dsb");
      expect(page.url()).toContain("q=sigma&sort=method&order=asc");
      await page.reload();
      await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
      for (const box of await page.locator("tbody input").all()) await box.check();
      await page.getByRole("link", { name: "Compare 2 runs" }).click();
      const differences = page.getByRole("region", { name: "Table of differences" });
      const row = differences.getByRole("row", { name: /^sigma/ });
      await row.waitFor();
      expect(await row.locator("td").allTextContents()).toEqual(["2", "1"]);
      // The runs are named by what differs.
      for (const name of ["method dsb, sigma 2", "method dsbm, sigma 1"])
        await differences.getByRole("link", { name }).waitFor();
      const results = page.getByRole("region", { name: "Table of results" });
      await results.getByRole("row", { name: /^sliced 2-Wasserstein forward.* 0\.04/ }).waitFor();
      for (const way of ["forward", "backward"])
        await page.getByRole("img", { name: new RegExp(`^Loss, ${way}: method dsb`) }).waitFor();
      await page.getByRole("combobox", { name: "Curve" }).selectOption("sliced_w2");
      await page.getByRole("img", { name: /^sliced 2-Wasserstein, forward.*0\.15/ }).waitFor();
    });
  });

  it("says why an export fails, exports a bridge and plays it, and offers newer networks", async () => {
    const models = join(folder, runs[0][0], "models");
    mkdirSync(models, { recursive: true });
    writeFileSync(join(models, "2_f.safetensors"), "");
    const studio = await startStudio({ folder, port: 0, program: tinyExporter });
    try {
      await look(
        runHash(runs[0][0], "&tab=play"),
        async (page) => {
          const start = page.getByRole("button", { name: "Export this bridge and play" });
          await start.click();
          await page.getByText(/tiny\.html.*No such file/).waitFor();
          expect(await page.locator("iframe").count()).toBe(0);
          const tiny = { ...tinyExport(), ...tinySamples, runtime: "onnx" } as const;
          writeFileSync(tinyPage, renderPlayerPage(tiny));
          await start.click();
          const player = page.frameLocator("iframe");
          await player.getByRole("button", { name: "Pause" }).click();
          // Up to the last state. The schedule has the times 0, 0.25, 0.5 and 1.
          const timeAfterMove = async () => {
            await player.getByRole("slider", { name: "Time" }).fill("0.6");
            return await player.locator(".time").textContent();
          };
          await expect.poll(timeAfterMove, { timeout: 60_000 }).toBe("t = 0.45");
          expect(await accessibilityFaults(page)).toEqual([]);
          expect(await sticksOut(page)).toBe(0);
          writeFileSync(join(models, "3_b.safetensors"), "");
          const newer = page.getByRole("button", { name: "Play the newer networks" });
          await newer.click();
          await newer.waitFor({ state: "detached" });
          await player.getByRole("button", { name: "Pause" }).waitFor();
        },
        { at: studio.address, isRefused: true },
      );
    } finally {
      await studio.close();
    }
  });

  it("offers no export, extension or resumption that a run does not have", async () => {
    const id = "gaussians/defaults/1";
    const stopped = "stopped/defaults/1";
    const place = join(scratchFolder, "closed");
    writeRun(join(place, id), { method: "gaussian_bridge" });
    writeRun(join(place, stopped), { state: "interrupted" });
    mkdirSync(join(place, id, "models"));
    writeFileSync(join(place, id, "models/1_f.safetensors"), "");
    const studio = await startStudio({ folder: place, port: 0, program: tinyExporter });
    try {
      const noExport = /no player: method=gaussian_bridge has no counterpart/;
      for (const [hash, offer, text] of [
        [runHash(id, "&tab=use"), /export/i, noExport],
        [runHash(id, "&tab=play"), /export/i, noExport],
        [runHash(id), /^Extend/, "Add a note"],
        [runHash(stopped), "Continue", /cannot be resumed here: it was made by a program/],
      ] as const)
        await look(
          hash,
          async (page) => {
            await page.getByText(text).first().waitFor();
            expect(await page.getByRole("button", { name: offer }).count()).toBe(0);
          },
          { at: studio.address },
        );
    } finally {
      await studio.close();
    }
  });

  it("finds keys of a configuration, also in capitals", async () => {
    await look(runHash(runs[0][0], "&tab=configuration"), async (page) => {
      await page.getByRole("searchbox", { name: "Find" }).fill("SIGMA");
      await page.getByText(/^1 of \d+ keys$/).waitFor();
      expect(await page.locator("tbody th").allTextContents()).toEqual(["sigma"]);
    });
  });

  it("keeps the last lines of a log in view until a reader scrolls up", async () => {
    const path = join(folder, runs[1][0], "log.txt");
    const addLines = (name: string) =>
      appendFileSync(path, `${`${name}\n`.repeat(200)}last ${name}\n`);
    addLines("early");
    await look(runHash(runs[1][0], "&tab=log"), async (page) => {
      const log = page.locator("pre.log");
      const shows = (name: string) => log.getByText(new RegExp(`last ${name}\\s*$`)).waitFor();
      const below = () => log.evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight);
      await shows("early");
      addLines("middle");
      await shows("middle");
      expect(await below()).toBeLessThan(5);
      await log.evaluate((e) => e.scrollTo(0, 0));
      addLines("late");
      await shows("late");
      expect(await log.evaluate((e) => e.scrollTop)).toBe(0);
    });
  });

  /** Addresses, with the element that shows when a page is whole. */
  const pages = {
    runs: ["#/", "tbody .metric-bar"],
    run: [runHash(runs[0][0]), ".verdict .metric-bar"],
    compare: [compareHash, "canvas"],
    configuration: [runHash(runs[0][0], "&tab=configuration"), "tbody tr"],
    log: [runHash(runs[0][0], "&tab=log"), "section h2"],
  } as const;
  const views = Object.keys(pages).flatMap((name) =>
    widths.map((width) => [name as keyof typeof pages, width] as const),
  );
  it.each(views)("%s at %i pixels is whole and accessible", async (name, width) => {
    const dark = width === 360;
    const [hash, shown] = pages[name];
    await look(
      hash,
      async (page) => {
        await page.locator(shown).first().waitFor();
        await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
        expect(await sticksOut(page)).toBe(0);
        expect(await accessibilityFaults(page)).toEqual([]);
        if (dark) expect(await printFaults(page)).toEqual([]);
      },
      { width, dark },
    );
  });
});
