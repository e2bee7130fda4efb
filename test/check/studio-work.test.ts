// The studio at work in a real browser, with real files and trainings: a new bridge from files to its report, its use, a
// server that is killed, two tabs, and a studio that only shows.
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessibilityFaults, hasBrowser, launch, sticksOut } from "../support/browser.js";
import { chooseByKey, pressByKey, typeText } from "../support/keyboard.js";
import { scratch } from "../support/scratch.js";
import {
  circleTable,
  newBridge,
  openStudio,
  type StudioProcess,
  shortTraining,
} from "../support/studio.js";

const root = scratch();
const folder = join(root, "runs");
const longOptions = {
  ...shortTraining,
  num_iter: "1000000",
  first_num_iter: "1000000",
  seed: "7,8",
};

describe.skipIf(!hasBrowser)("the studio at work", () => {
  let browser: Browser;
  let context: BrowserContext;
  let studio: StudioProcess;
  let page: Page;
  const faults: string[] = [];

  const openPage = async () => {
    const tab = await context.newPage();
    tab.on("pageerror", (error) => faults.push(String(error)));
    // Refused requests, and those without a server.
    tab.on("console", (message) => {
      if (!/^Failed to load resource/.test(message.text())) faults.push(message.text());
    });
    return tab;
  };
  const button = (name: string | RegExp, tab = page) => tab.getByRole("button", { name });
  const part = (name: string) => page.getByRole("region", { name, exact: true });
  /** Accessible, and no wider than a telephone or a screen. */
  const isWell = async () => {
    expect(await accessibilityFaults(page)).toEqual([]);
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      // Charts follow the width in the next frame.
      await expect.poll(() => sticksOut(page)).toBe(0);
    }
  };
  const jobEnds = (words: RegExp) =>
    part("Work of the studio").getByText(words).waitFor({ timeout: 60_000 });

  beforeAll(async () => {
    mkdirSync(join(folder, "data"), { recursive: true });
    writeFileSync(join(folder, "data/small.csv"), circleTable(1));
    writeFileSync(join(folder, "data/large.csv"), circleTable(3));
    writeFileSync(join(root, "new rows.csv"), circleTable(1.1));
    [browser, studio] = await Promise.all([launch(), openStudio(folder)]);
    context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    context.setDefaultTimeout(60_000);
    page = await openPage();
    await page.goto(studio.address);
  });
  afterAll(async () => {
    studio?.child.kill();
    await browser?.close();
  });

  it("makes a bridge of files by mouse: columns, plan, a changed choice, training, report", async () => {
    await page.getByRole("link", { name: "Make a bridge of two tables" }).click();
    await page.goto(studio.address + newBridge(shortTraining));
    await button("Add data/small.csv").click();
    await button("Add data/large.csv").click();
    await page.getByRole("list", { name: "Files of the bridge" }).getByText("source").waitFor();
    const columns = page.getByRole("region", { name: "Columns of data/small.csv" });
    await columns.getByRole("row", { name: /^id .*text 0/ }).waitFor();
    await columns.getByRole("row", { name: /^x .*number 0 −1 to 1/ }).waitFor();
    const choices = page.getByRole("region", { name: "Choices" });
    await choices.getByRole("row", { name: /sigma/ }).waitFor({ timeout: 60_000 });
    await choices.getByRole("textbox", { name: "sigma" }).fill("0.5");
    await choices.getByRole("textbox", { name: "sigma" }).press("Enter");
    await page.getByRole("list", { name: "Given options" }).getByText("sigma=0.5").waitFor();
    await button("Start the training").waitFor();
    await expect
      .poll(() => button("Start the training").isEnabled(), {
        timeout: 60_000,
      })
      .toBe(true);
    await isWell();
    await button("Start the training").click();
    await jobEnds(/is finished/);
    await page.locator(".state.finished").waitFor();
    await page.getByRole("heading", { name: /small_to_large/ }).waitFor();
    await page.getByRole("link", { name: "Report" }).click();
    await page
      .frameLocator("iframe.report")
      .getByRole("heading", { name: /small.*large/ })
      .first()
      .waitFor();
    await button("Copy the command").click();
    await button("Copied").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
      /^npx dsbm fit \S+small\.csv \S+large\.csv .*sigma=0\.5/,
    );
    await page.getByRole("link", { name: "Change and train again" }).click();
    await page.getByRole("list", { name: "Given options" }).getByText("sigma=0.5").waitFor();
  });

  it("trains the unfinished runs of a sweep, and compares all by their differences", async () => {
    const options = { ...shortTraining, sigma: "0.5,1" };
    await page.goto(studio.address + newBridge(options, ["data/small.csv", "data/large.csv"]));
    await page.getByText("A sweep of 2 runs, one after the other, 1 of them finished").waitFor();
    await isWell();
    await button("Start the sweep").click();
    await page.getByRole("heading", { name: "Comparison of 2 runs" }).waitFor();
    await jobEnds(/is finished/);
    const results = page.getByRole("region", { name: "Table of results" });
    for (const name of ["sigma 0.5", "sigma 1"])
      await results.getByRole("columnheader", { name, exact: true }).waitFor();
    await page.getByText(/keys? differs?: sigma/).waitFor();
    await results.getByRole("link", { name: "sigma 0.5" }).click();
  });

  it("uses the bridge: samples of a dropped file, draws of one row, other steps, an export", async () => {
    await page.getByRole("link", { name: "Use", exact: true }).click();
    await part("New rows").locator("input[type=file]").setInputFiles(join(root, "new rows.csv"));
    await expect
      .poll(() => page.getByRole("combobox", { name: "Data" }).inputValue(), { timeout: 60_000 })
      .toBe("uploads/new_rows.csv");
    await button("Sample").click();
    const files = page.getByRole("list", { name: "Files of this run" });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      files.getByRole("link", { name: "new_rows_f.csv" }).click({ timeout: 60_000 }),
    ]);
    const samples = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\n");
    expect([samples.length, samples[0]]).toEqual([61, expect.stringMatching(/x,y/)]);
    await jobEnds(/is finished/);
    await page.getByRole("textbox", { name: "Transported to the time" }).fill("1");
    await button("Annotate").click();
    await files.getByRole("link", { name: "new_rows_annotated_1.csv" }).waitFor();
    await jobEnds(/is finished/);
    const draws = part("Draws of one row");
    await draws.getByRole("textbox", { name: "x" }).fill("1");
    await draws.getByRole("button", { name: "Draw" }).click();
    await draws.getByRole("heading", { name: /200 rows/ }).waitFor({ timeout: 60_000 });
    await button("Evaluate").click();
    await page
      .getByRole("region", { name: "Table of evaluations" })
      .getByText("sde, 10 steps")
      .waitFor({ timeout: 60_000 });
    await jobEnds(/is finished/);
    await button("Export a page that plays it").click();
    await files.getByRole("link", { name: "bridge.html" }).waitFor({ timeout: 60_000 });
    await isWell();
  });

  it("is used by keys alone: samples and their download, draws of a row, other steps, an export, a note, deletion", async () => {
    cpSync(join(folder, "small_to_large"), join(folder, "copy"), { recursive: true });
    const files = readdirSync(folder, { recursive: true }).map(String);
    const run = dirname(files.find((file) => /^copy.*run\.json$/.test(file)) ?? "");
    await page.goto(`${studio.address}#/run?${new URLSearchParams({ run, tab: "use" })}`);
    const data = page.getByRole("combobox", { name: "Data" });
    await chooseByKey(data, "data/small.csv");
    await pressByKey(button("Sample"));
    const sample = page.getByRole("link", { name: "small_f.csv" });
    const [download] = await Promise.all([page.waitForEvent("download"), pressByKey(sample)]);
    expect(
      readFileSync(await download.path(), "utf8")
        .trim()
        .split("\n"),
    ).toHaveLength(61);
    await jobEnds(/is finished/);
    await typeText(page.getByRole("textbox", { name: "Transported to the time" }), "0");
    await pressByKey(button("Annotate"));
    await page.getByRole("link", { name: "small_annotated_0.csv" }).waitFor();
    await jobEnds(/is finished/);
    const draws = part("Draws of one row");
    await typeText(draws.getByRole("textbox", { name: "y" }), "2");
    await pressByKey(draws.getByRole("button", { name: "Draw" }));
    await draws.getByRole("heading", { name: /200 rows/ }).waitFor({ timeout: 60_000 });
    const evaluate = part("Evaluate");
    await typeText(evaluate.getByLabel("Steps"), "3");
    await pressByKey(button("Evaluate"));
    await evaluate.getByText("sde, 3 steps").waitFor({ timeout: 60_000 });
    await jobEnds(/is finished/);
    await pressByKey(button("Export ONNX models"));
    await page.getByRole("link", { name: "onnx/bridge.json" }).waitFor({ timeout: 60_000 });
    await pressByKey(button("Add a note"));
    await typeText(page.getByRole("textbox", { name: "Note" }), "by keys");
    await pressByKey(button("Save the note"));
    await page.locator(".remark").getByText("by keys").waitFor();
    await pressByKey(button("Delete …"));
    await page.keyboard.press("Escape");
    await pressByKey(button("Delete …"));
    await pressByKey(button("Delete it"));
    await page.getByRole("heading", { name: "Runs" }).waitFor();
    expect(existsSync(join(folder, run))).toBe(false);
  });

  it("goes the whole way of a sweep by keyboard, and in a second tab that offers no second job", async () => {
    await page.goto(studio.address + newBridge(longOptions, ["data/small.csv"]));
    await button("Add data/large.csv").press("Enter");
    await pressByKey(button("Start the sweep"));
    await page.getByText("2 of 2 runs are not there yet").waitFor({ timeout: 60_000 });
    const other = await openPage();
    await other.goto(studio.address + newBridge(longOptions, ["data/small.csv", "data/large.csv"]));
    await button("Stop", other).waitFor();
    await other.getByText(/The plan waits for the work above/).waitFor();
    expect(await button(/^Start the/, other).count()).toBe(0);
    await page.getByText(/step \d+ of 1000000/).waitFor({ timeout: 60_000 });
    await isWell();
    await other.close();
  });

  it("that is killed stops its training like a closed terminal; the next one continues it and stops it", async () => {
    studio.child.kill("SIGKILL");
    await once(studio.child, "exit");
    await page
      .getByText(/The studio does not answer/)
      .first()
      .waitFor();
    const place = join(folder, "small_to_large");
    const runs = readdirSync(place).map((name) => join(place, name, "7/run.json"));
    const info = () => JSON.parse(readFileSync(runs.find(existsSync) ?? "", "utf8"));
    await expect.poll(() => info().state, { timeout: 60_000 }).toBe("interrupted");
    studio = await openStudio(folder);
    await page.goto(`${studio.address}#/`);
    await page
      .getByRole("row", { name: /interrupted/ })
      .getByRole("link")
      .first()
      .click();
    await page.getByText(/resumes from the newest checkpoint/).waitFor();
    await button("Continue").press("Enter");
    await page.getByText(/step \d+ of 1000000/).waitFor({ timeout: 60_000 });
    await button("Stop").press("Enter");
    await jobEnds(/was stopped/);
    await button("Continue").waitFor();
    expect(info().state).toBe("interrupted");
  });

  it("keeps a note, and deletes a run after a question", async () => {
    await button("Add a note").click();
    await page.getByRole("textbox", { name: "Note" }).fill("too long <b>");
    await button("Save the note").click();
    await page.locator(".remark").getByText("too long <b>").waitFor();
    await button("Delete …").click();
    await isWell();
    await button("Keep it").press("Enter");
    await button("Delete …").click();
    await button("Delete it").click();
    await page.getByRole("heading", { name: "Runs" }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 3);
    expect(faults).toEqual([]);
  });

  it("says what is wrong with a file, and takes no hostile name", async () => {
    await page.goto(`${studio.address}#/new`);
    const bad = join(root, "bad.csv");
    writeFileSync(bad, 'a,b\n1,2\n"3,4');
    await page.locator("input[type=file]").setInputFiles(bad);
    await page
      .getByText(/bad\.csv: is not valid CSV/)
      .first()
      .waitFor({ timeout: 60_000 });
    copyFileSync(bad, join(root, "evil.sh"));
    await page.locator("input[type=file]").setInputFiles(join(root, "evil.sh"));
    await page.getByText(/"evil\.sh" is not taken/).waitFor();
    expect(readdirSync(join(folder, "uploads")).sort()).toEqual(["bad.csv", "new_rows.csv"]);
  });

  it("only shows with --read-only", async () => {
    studio.child.kill("SIGINT");
    await once(studio.child, "exit");
    studio = await openStudio(folder, ["--read-only"]);
    await page.goto(`${studio.address}#/`);
    await page.getByRole("link", { name: "small_to_large" }).first().click();
    await page.getByRole("link", { name: "Report" }).waitFor();
    for (const name of ["Use", "New bridge"])
      expect(await page.getByRole("link", { name }).count()).toBe(0);
    expect(await page.getByRole("button").count()).toBe(0);
    expect(faults).toEqual([]);
  });
});
