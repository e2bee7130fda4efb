// `dsbm export RUN page.html` as a user types it, the page in a browser if available, and @dsbm/web
// against the native sampler with the same seed.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as T from "@dsbm/torch";
import { loadBridge } from "@dsbm/web";
import { chromium } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Bridge } from "../../packages/app/inference/src/bridge.js";
import { distance, normal } from "../support/numbers.js";
import { scratch } from "./cli.js";
import { commandHere, tableRun, vectorRun } from "./sample.js";

const root = scratch();
const at = (...names: string[]) => join(root, ...names);
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

beforeAll(() => {
  T.setNumThreads(1);
  vectorRun(at("run"), ["num_steps=12", "data.n_test=300"]);
});

describe("a page", () => {
  it("holds the models and samples of both ends, and plays them", async () => {
    const page = at("page.html");
    const { code, stdout, stderr } = await commandHere("export", at("run"), page);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/holds 300 held-out samples of/)]);
    // MLPs need no ONNX Runtime, which has megabytes.
    expect(stdout).toMatch(/page\.html +\d+\.\d kB/);
    expect(statSync(page).size).toBeLessThan(4e5);
    if (!executablePath) return;
    const args = ["--no-sandbox", "--disable-dev-shm-usage"];
    const browser = await chromium.launch({ executablePath, args });
    try {
      const tab = await browser.newPage();
      const faults: string[] = [];
      tab.on("console", (message) => faults.push(message.text()));
      tab.on("pageerror", (error) => faults.push(String(error)));
      await tab.goto(pathToFileURL(page).href);
      await tab.getByRole("button", { name: "Pause" }).click();
      await tab.getByText("One row", { exact: true }).click();
      await expect.poll(() => tab.locator("figure svg").count(), { timeout: 60_000 }).toBe(2);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it("is not written over what is there, and has no samples where none are wanted", async () => {
    const page = at("small.html");
    const words = ["export", at("run"), page, "samples=0"];
    expect(await commandHere(...words)).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(page, "utf8")).toContain("It holds the models and no samples.");
    const again = await commandHere(...words);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/exists already/)]);
    expect((await commandHere(...words, "overwrite=true")).code).toBe(0);
  });

  it("says where the data are not there, and goes without", async () => {
    const transform = { log1p: false, standardise: "columns" as const, mean: [1, 2], std: [1, 2] };
    tableRun(at("tables"), { names: ["a", "</script>"], transform, from: "a.csv" });
    const { code, stderr } = await commandHere("export", at("tables"), at("tables.html"));
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^the page has no samples.*a\.csv/)]);
    const text = readFileSync(at("tables.html"), "utf8");
    expect(text).not.toContain('"</script>"');
  });
});

it.each([
  { direction: "f", seed: 3 },
  { direction: "b", seed: 4, steps: 5 },
  { direction: "f", solver: "heun", steps: 20 },
  { direction: "b", solver: "euler", steps: 20 },
] as const)("@dsbm/web gives the native samples to 1e-4: %j", async (options) => {
  if (!existsSync(at("out"))) await commandHere("export", at("run"), at("out"));
  using native = Bridge.open(at("run"), { threads: 1 });
  // Three blocks of noise, and a batch of networks that ends within one.
  const x = normal([523, 2], 1).to("float32");
  const flow = "solver" in options && { steps: null, ode_step_size: 1 / (options.steps ?? 1) };
  const wanted = (await native.sample(x, { ...options, ...flow })).x;
  const bridge = await loadBridge(at("out"));
  const data = x.toArray() as Float32Array;
  const found = await bridge.sample({ data, shape: [523, 2] }, options);
  bridge.dispose();
  const own = T.tensor(Float64Array.from(found.x.data), { shape: [523, 2] });
  expect(distance(own, wanted.to("float64"))).toBeLessThan(1e-4);
  expect(distance(own, x.to("float64"))).toBeGreaterThan(0.1);
});
