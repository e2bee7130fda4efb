// Exported pages with known bridges in a real browser, from file://: nothing is loaded from
// elsewhere, points and images play, and nothing is wider than the screen. With CHECK_FRAMES=1 (npm run check:browser) the frames a second are
// counted, too.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderPlayerPage } from "../../packages/pages/web/dist/page/html.js";
import { tinyExport, tinySamples } from "../../packages/pages/web/test/tiny-export.js";
import {
  accessibilityFaults,
  hasBrowser,
  launch,
  printFaults,
  sticksOut,
} from "../support/browser.js";
import { scratch } from "../support/scratch.js";

const folder = scratch();
const pathOf = (name: string) => join(folder, `${name}.html`);

describe.skipIf(!hasBrowser)("an exported page", () => {
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(pathOf("points"), renderPlayerPage({ ...tinyExport(), ...tinySamples }));
    const times = { process: [0, 0.2, 1], labels: ["2", "3", "7"], scale: { from: 2, length: 5 } };
    const course = tinyExport({
      method_title: "unbalanced flow matching",
      trained: "2026-12-01",
      times: { ...times, name: "day" },
    });
    writeFileSync(
      pathOf("course"),
      renderPlayerPage({ ...course, ...tinySamples, between: [tinySamples.target] }),
    );
    writeFileSync(pathOf("empty"), renderPlayerPage(tinyExport()));
    const pictures = tinyExport({
      state: { shape: [1, 1, 2], type: "pictures" },
      transform: null,
      columns: null,
      quality: null,
      directions: { f: { model: "p.onnx", direction_input: null } },
      conditions: { cond: { shape: [1, 1, 2], column: null }, y: null },
    });
    const source = { data: Float64Array.of(-1, 1, 1, -1), shape: [2, 1, 1, 2] };
    const conditions = { source: { cond: source }, target: null };
    const models = { "p.onnx": pictures.pictureModel };
    writeFileSync(
      pathOf("pictures"),
      renderPlayerPage({ bridge: pictures.bridge, models, source, conditions, runtime: "onnx" }),
    );
    browser = await launch();
  });
  afterAll(() => browser?.close());

  /** Opens a page, and gives what it says and loads. */
  async function open(name: string, width: number, words?: string) {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme: width < 500 ? "dark" : "light",
    });
    await page.addInitScript(() => {
      const { prototype } = CanvasRenderingContext2D;
      const draw = prototype.fillText;
      prototype.fillText = function (text, ...place) {
        document.body.dataset.texts = `${document.body.dataset.texts ?? ""} ${text}`;
        draw.call(this, text, ...place);
      };
    });
    const faults: string[] = [];
    page.on("console", (message) => faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(String(error)));
    const address = pathToFileURL(pathOf(name)).href;
    page.on("request", (request) => {
      const url = request.url();
      if (url !== address && !url.startsWith("blob:")) faults.push(`loads ${url}`);
    });
    await page.goto(address);
    const ready = words ? page.getByText(words) : page.getByRole("button", { name: /Pause|Play/ });
    await ready.waitFor();
    return { page, faults };
  }

  it("plays points, forward and backward", async () => {
    const { page, faults } = await open("points", 1280);
    const time = page.getByRole("slider", { name: "Time" });
    await page.getByRole("button", { name: "Pause" }).click();
    const texts = await page.locator("body").getAttribute("data-texts");
    expect(texts).toContain(" −20 ");
    expect(texts).not.toMatch(/ -\d/);
    await expect
      .poll(async () => {
        await time.fill("1");
        return await page.locator(".time").textContent();
      })
      .toBe("t = 1.00");
    // Backward along the flow, with other steps.
    await page.getByText("summer.csv → winter.csv").click();
    await page.getByText("Probability flow").click();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("5");
    await page.getByRole("spinbutton", { name: "Steps" }).press("Enter");
    await expect
      .poll(async () => {
        await time.fill("0");
        return await page.locator(".time").textContent();
      })
      .toBe("t = 0.00");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.locator("table").textContent()).toContain("<script>");
    expect(await page.locator(".verdict").textContent()).toBe("Forward <i>. 70 % of the way <b>.");
    for (const width of [360, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      expect([width, await sticksOut(page)]).toEqual([width, 0]);
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  it("has the times of a course on its slider, which may be reached before they are computed", async () => {
    const { page, faults } = await open("course", 400);
    expect(await page.locator("h1").textContent()).toBe("Day 2 → 3 → 7");
    expect(await page.locator("main > p").first().textContent()).toContain(
      "by unbalanced flow matching between winter.csv and summer.csv, trained on 2026-12-01 with dsbm",
    );
    expect(await page.locator(".key li").allTextContents()).toEqual([
      ...["day 2", "day 3", "day 7"],
      "particles",
    ]);
    await page.getByRole("button", { name: "7", exact: true }).click();
    // The slider keeps the place, and the time follows as the states arrive.
    expect(await page.getByRole("slider", { name: "Time" }).inputValue()).toBe("1");
    await expect.poll(() => page.locator(".time").textContent()).toBe("day 7.00");
    await page.getByRole("button", { name: "3", exact: true }).click();
    expect(await page.locator(".time").textContent()).toBe("day 3.00");
    await page.getByText("metrics").click();
    expect(await page.locator("thead").textContent()).toContain("95 % interval");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await sticksOut(page)).toBe(0);
    expect(await printFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("says in a sentence that it has no samples to start from, and is no error", async () => {
    const { page, faults } = await open("empty", 400, "Export the bridge again");
    const note = page.locator(".dsbm-player > .note");
    const text = (from: string) =>
      `This page holds no samples of ${from} to start from. Export the bridge again on a machine that has its data.`;
    expect(await note.textContent()).toBe(text("winter.csv"));
    await page.getByText("summer.csv → winter.csv").click();
    expect(await note.textContent()).toBe(text("summer.csv"));
    expect(await page.locator(".dsbm-player .error").count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("transports chosen images", async () => {
    const { page, faults } = await open("pictures", 400);
    const words = page.getByRole("status");
    await expect.poll(() => words.textContent()).toMatch(/in 3 steps\.$/);
    await page.getByRole("button", { name: "Image 2 of winter.csv" }).click();
    expect(await page.getByRole("button", { pressed: true }).count()).toBe(1);
    await expect.poll(() => words.textContent()).toMatch(/in 3 steps\.$/);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });
});
