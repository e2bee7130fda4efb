// try.html from file:// in a real browser: an example by its link and by keyboard, a bad file, a reload; nothing is loaded from elsewhere.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../docs/blocks.js";
import {
  accessibilityFaults,
  hasBrowser,
  launch,
  printFaults,
  sticksOut,
} from "../support/browser.js";
import { writeH5ad } from "../support/h5ad.js";
import { scratch } from "../support/scratch.js";
import { serveFolder } from "../support/site.js";

const folder = scratch();
const address = pathToFileURL(join(root, "packages/command/browser/dist/bundle/try.html")).href;
const link = "#example=rings&minutes=0.05&seed=3&n_ipf=1&num_steps=4&model.hidden=8";

describe.skipIf(!hasBrowser)("the page of one file", () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const heading = (name: string) => page.getByRole("heading", { name, exact: true });

  beforeAll(async () => {
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => faults.push(message.text()));
    page.on("request", (request) => {
      if (!/^(file|blob|data|about):/.test(request.url())) faults.push(`loads ${request.url()}`);
    });
    await page.goto(address + link);
  });
  afterAll(() => browser?.close());

  it("trains the example of its link by keyboard, and gives verdicts, a player, a report and downloads", async () => {
    await heading("Data").waitFor();
    expect(await page.getByRole("rowheader", { name: "x" }).count()).toBe(2);
    // The checker speaks to frames, which a page from a file cannot: before they are there.
    expect(await accessibilityFaults(page)).toEqual([]);
    // The canvas of moving rows is there for as long as the training takes.
    const moving = page.evaluate(
      () =>
        new Promise<string | null>((resolve) => {
          new MutationObserver(() => {
            const canvas = document.querySelector("canvas");
            if (canvas) resolve(canvas.getAttribute("aria-label"));
          }).observe(document.body, { childList: true, subtree: true });
        }),
    );
    await page.getByRole("button", { name: "Train" }).press("Enter");
    expect(await moving).toBe("Held-out rows between blob.csv and ring.csv");
    await heading("Result").waitFor();
    expect(await page.locator(".verdict b").allTextContents()).toEqual([
      expect.stringMatching(/^Forward, from blob\.csv to ring\.csv: [✓≈◐?✗–] [a-z ]+\.$/),
      expect.stringMatching(/^Backward, from ring\.csv to blob\.csv: [✓≈◐?✗–] [a-z ]+\.$/),
    ]);
    await page.frameLocator("iframe.player").getByRole("slider", { name: "Time" }).waitFor();
    const report = page.frameLocator("iframe.report");
    await report.getByRole("heading", { name: "From blob.csv to ring.csv", exact: true }).waitFor();
    for (const [name, file] of [
      ["Samples forward (CSV)", "blob_to_ring_f.csv"],
      ["Run (zip)", "blob_to_ring.zip"],
    ]) {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name }).click();
      expect((await download).suggestedFilename()).toBe(file);
    }
    for (const width of [360, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      expect([width, await sticksOut(page)]).toEqual([width, 0]);
    }
    expect(await printFaults(page)).toEqual([]);
  });

  it("offers no export and no player of a closed form, and says why", async () => {
    const closed = await browser.newPage();
    closed.on("pageerror", (error) => faults.push(String(error)));
    await closed.goto(`${address}${link}&method=gaussian_bridge`);
    await closed.getByRole("button", { name: "Train" }).click();
    await closed.getByText(/^This bridge has no export and no player: .*gaussian_bridge/).waitFor();
    const names = await closed.locator("section[aria-label=Result] button").allTextContents();
    const samples = ["forward", "backward"].map((direction) => `Samples ${direction} (CSV)`);
    expect(names).toEqual([...samples, "Run (zip)", "Report"]);
    await closed.frameLocator("iframe.report").getByRole("heading", { level: 1 }).waitFor();
    expect(await closed.getByRole("alert").count()).toBe(0);
    await closed.close();
  });

  it("keeps the run for a later page, says in one line what is wrong with a file, and takes groups of one table", async () => {
    await page.goto(`${address}#`);
    await page.reload();
    await page.getByRole("button", { name: "blob_to_ring", exact: true }).click();
    await heading("Result").waitFor();
    writeFileSync(join(folder, "bad.csv"), 'a,b\n1,2\n"3,4');
    await page.locator("input[type=file]").setInputFiles(join(folder, "bad.csv"));
    expect(await page.getByRole("alert").textContent()).toMatch(/^bad\.csv: is not valid CSV/);
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 4 < 3 ? "old" : "new"},${i},${i % 7}`);
    writeFileSync(join(folder, "groups.csv"), ["when,a,b", ...rows].join("\n"));
    await page.locator("input[type=file]").setInputFiles(join(folder, "groups.csv"));
    await page.getByText(/^This is one table\. Choose time or groups/).waitFor();
    await page.getByLabel("use of when").selectOption("groups");
    expect(await page.getByLabel(/^Rows of the target/).inputValue()).toBe("new");
    await page.getByRole("button", { name: "Plan" }).click();
    await expect
      .poll(() => page.locator("pre.command").textContent(), { timeout: 60_000 })
      .toContain("data.split_by=when data.source=old data.target=new");
    expect(faults).toEqual([]);
  });

  it("reads .h5ad files on a site, fits and samples them, and refuses them in a saved page", async () => {
    const cells = (shift: number) =>
      Object.fromEntries(
        ["gene1", "gene2"].map((name, k) => [
          name,
          Array.from({ length: 40 }, (_, i) => shift + Math.sin(i * (k + 1))),
        ]),
      );
    const paths = ["young", "old"].map((name) => join(folder, `${name}.h5ad`));
    for (const [shift, path] of paths.entries()) await writeH5ad(path, cells(shift), {});
    // A page that is saved alone; some browsers let a page of a file load what lies next to it.
    const saved = join(folder, "saved.html");
    copyFileSync(fileURLToPath(address), saved);
    await page.goto(pathToFileURL(saved).href);
    await page.locator("input[type=file]").setInputFiles(paths);
    expect(await page.getByRole("alert").textContent()).toMatch(/open this page on the site/);
    const site = await serveFolder(dirname(fileURLToPath(address)), "");
    const online = await browser.newPage();
    online.on("pageerror", (error) => faults.push(String(error)));
    await online.goto(`${site.address}try.html#minutes=0.05&seed=3`);
    expect([...site.sent].map((path) => basename(path))).toEqual(["try.html"]);
    await online.locator("input[type=file]").setInputFiles(paths);
    await online.getByRole("heading", { name: /^young\.h5ad: 40 rows/ }).waitFor();
    await online.getByRole("button", { name: "Train" }).click();
    const download = online.waitForEvent("download");
    await online.getByRole("button", { name: "Samples forward (CSV)" }).click();
    const [head, ...rows] = readFileSync(await (await download).path(), "utf8")
      .trim()
      .split("\n");
    expect([head, rows.length]).toEqual(["gene1,gene2", 40]);
    expect([...site.sent].map((path) => basename(path))).toEqual(["try.html", "try-h5ad.js"]);
    expect(faults.filter((fault) => !fault.includes("try-h5ad.js"))).toEqual([]);
    site.server.close();
  });
});
