// `fitBridge` in a real browser against the command with the portable engine: the same numbers, a run that a closed page leaves and the
// next page ends, a folder that the command line reads, and the bytes that a page loads for it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { MetricRow, Quality } from "@dsbm/runs";
import type { FitBridgeOptions, FittedBridge, FitVerdict } from "@dsbm/web/fit";
import { unzipSync } from "fflate";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../docs/blocks.js";
import { scratch, succeed } from "../e2e/cli.js";
import { hasBrowser, launch } from "../support/browser.js";
import { type Site, serveFolder } from "../support/site.js";

const folder = scratch();
/** Bytes, gzipped, of all scripts that a fit of CSV text loads, with its report: 450,000, the reader of text and what errors of tables say. */
const mostBytes = 463_000;

/** Points around a centre, from a fixed stream. */
function table(centre: number, seed: number): string {
  let state = seed;
  const next = () => {
    state = (1_103_515_245 * state + 12_345) % 2 ** 31;
    return state / 2 ** 31 - 0.5;
  };
  const rows = Array.from({ length: 60 }, () => [next() + centre, next() - centre]);
  return ["a,b", ...rows.map((row) => row.map((x) => x.toFixed(4)).join())].join("\n");
}
const texts = { source: table(0, 1), target: table(1, 2) };
const keys = {
  max_minutes: null,
  n_ipf: 1,
  first_num_iter: 20,
  num_iter: 20,
  seed: 3,
  threads: 1,
  "model.hidden": "16,16",
  sigma: 0.05,
  num_steps: 5,
  "data.test_fraction": 0.3,
};

/** What a page gives of a bridge. */
interface Told {
  quality: FittedBridge["quality"];
  lines: string[];
  zip: number[];
  x: number[][];
  report: string;
}

describe.skipIf(!hasBrowser)("a fit in a page", () => {
  let browser: Browser;
  let context: BrowserContext;
  let site: Site;
  let told: Told;
  const faults: string[] = [];

  async function open(): Promise<Page> {
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => faults.push(message.text()));
    await page.goto(site.address);
    return page;
  }

  /** Fits in a page until a line begins with `until`, or to the end. */
  const fitIn = (
    page: Page,
    options: Record<string, string | number | null>,
    until: string | null = null,
  ) =>
    page.evaluate(
      async ([options, until]): Promise<Told | string> => {
        const { fitBridge } = (globalThis as unknown as { fit: typeof import("@dsbm/web/fit") })
          .fit;
        const stop = new AbortController();
        const lines: string[] = [];
        const onProgress: FitBridgeOptions["onProgress"] = (progress) => {
          if (!("line" in progress)) return;
          lines.push(progress.line);
          if (until && progress.line.startsWith(until)) stop.abort(new Error("stopped here"));
        };
        try {
          const bridge = await fitBridge({ ...options, onProgress, signal: stop.signal });
          const { x } = await bridge.sample([[0.1, 0.2]], { seed: 5 });
          const zip = [...(await bridge.zip())];
          const { quality, report } = bridge;
          bridge.dispose();
          return { quality, lines, zip, x: x as number[][], report };
        } catch (error) {
          return (error as Error).message;
        }
      },
      [options, until] as const,
    );

  beforeAll(async () => {
    site = await serveFolder(
      join(root, "packages/pages/web/dist"),
      'import * as fit from "/fit/fit.js"; globalThis.fit = fit;',
    );
    browser = await launch();
    context = await browser.newContext();
    for (const [name, text] of Object.entries(texts))
      writeFileSync(join(folder, `${name}.csv`), text);
    const first = await open();
    const options = { ...texts, ...keys };
    expect(await fitIn(first, options, "half-iteration 1/2 b: trained")).toBe("stopped here");
    await first.close();
    const result = await fitIn(await open(), options);
    if (typeof result === "string") throw new Error(result);
    told = result;
  });
  afterAll(async () => {
    await browser?.close();
    site?.server.close();
  });

  it("resumes in the next page after the first page was closed", () => {
    expect(told.lines.join("\n")).toContain("resuming from checkpoint");
    expect(told.report).toContain("<h2>Quality</h2>");
    expect(faults).toEqual([]);
  });

  it("has the verdicts, floors and intervals of the command with the same numbers and seed", async () => {
    const words = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
    const { stdout } = await succeed(["fit", "source.csv", "target.csv", ...words, "--json"], {
      cwd: folder,
    });
    const expected = JSON.parse(stdout) as Quality;
    const numbersOf = ({ value, interval, floor, floor_interval, ceiling }: Partial<MetricRow>) =>
      [value, ...(interval ?? []), floor, ...(floor_interval ?? []), ceiling].map(Number);
    expect(told.quality.rows.length).toBeGreaterThan(20);
    expect(told.quality.rows.map(({ title }) => title)).toEqual(
      expected.rows.map(({ title }) => title),
    );
    for (const [i, row] of expected.rows.entries())
      for (const [k, x] of numbersOf(row).entries()) {
        const difference = Math.abs(numbersOf(told.quality.rows[i] as MetricRow)[k] - x);
        if (Number.isFinite(x))
          expect([row.title, difference / (1 + Math.abs(x)) < 1e-4]).toEqual([row.title, true]);
      }
    const findings = ({ verdicts }: { verdicts: readonly Omit<FitVerdict, "title">[] }) =>
      verdicts.map(({ direction, grade, reason, next }) => [
        direction,
        grade,
        reason,
        next?.reason,
      ]);
    expect(findings(told.quality)).toEqual(findings(expected));
  });

  it("leaves a folder that sample and evaluate of the command line read", async () => {
    for (const [path, bytes] of Object.entries(unzipSync(Uint8Array.from(told.zip)))) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    writeFileSync(join(folder, "new.csv"), "a,b\n0.1,0.2\n");
    const words = ["sample", "bridge", "new.csv", "out.csv", "direction=f", "seed=5"];
    await succeed(words, { cwd: folder });
    const [, line] = readFileSync(join(folder, "out.csv"), "utf8").split("\n");
    const row = line.split(",").map(Number);
    expect(row.map((x, k) => Math.abs(x - told.x[0][k]) < 1e-4)).toEqual([true, true]);
    const { stdout } = await succeed(["evaluate", "bridge", "metrics=[sliced_w2]"], {
      cwd: folder,
    });
    expect(stdout).toContain("sliced 2-Wasserstein");
  });

  it("refuses a damaged table with the line of the command", async () => {
    const page = await open();
    const wrong = { source: 'a,b\n1,2\n"3,4', target: texts.target, name: "wrong" };
    expect(await fitIn(page, wrong)).toMatch(/^source\.csv: is not valid CSV .*$/);
  });

  it(`loads at most ${mostBytes} bytes of scripts, gzipped`, () => {
    const sizes = [...site.sent].map((file) => gzipSync(readFileSync(file), { level: 9 }).length);
    const bytes = sizes.reduce((a, b) => a + b, 0);
    console.log(`a fit in a page: ${bytes} bytes of scripts, gzipped, in ${sizes.length} files`);
    expect(bytes).toBeLessThan(mostBytes);
  });

  it("samples a table with a category and a condition, in the columns of its rows", async () => {
    const rows = (shift: number) =>
      Array.from({ length: 60 }, (_, i) => [
        shift + (i % 7) / 7,
        ["red", "blue", "green"][i % 3],
        ["male", "female"][i % 2],
      ]);
    const csv = (shift: number) => ["size,colour,sex", ...rows(shift)].join("\n");
    const own = { "data.categories": ["colour"], "data.condition": "sex", num_iter: 3 };
    const options = { ...keys, ...own, first_num_iter: 3, source: csv(0), target: csv(1) };
    const page = await open();
    const samples = await page.evaluate(async (given) => {
      const { fit } = globalThis as unknown as { fit: typeof import("@dsbm/web/fit") };
      const bridge = await fit.fitBridge({ ...given, name: "levels", keep: false });
      return bridge.samples("b");
    }, options);
    const [head, ...lines] = samples.trim().split("\n");
    expect([head.split(",").sort(), lines.length]).toEqual([["colour", "sex", "size"], 60]);
    const cells = lines.map((line) => line.split(","));
    const levels = cells.map((row) => row[head.split(",").indexOf("colour")]);
    expect(levels.every((level) => ["red", "blue", "green"].includes(level))).toBe(true);
    const sexes = cells.map((row) => row[head.split(",").indexOf("sex")]);
    expect(sexes.slice(0, 3)).toEqual(["male", "female", "male"]);
    expect(faults.filter((fault) => !fault.includes("wrong"))).toEqual([]);
  });
});
