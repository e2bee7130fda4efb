// The whole main job in a few steps: what it leaves on disk, twice in one folder, and stopped by a signal.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { start } from "../src/command/start.js";
import { applyQuick, startSchema } from "../src/digits/config.js";
import { runDigits } from "../src/digits/run.js";
import type { Progress } from "../src/terminal/progress.js";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "dsbm-start-"));
});
afterAll(() => rmSync(root, { recursive: true }));

function silent(): Progress & { lines: string[] } {
  const lines: string[] = [];
  return { lines, update: () => {}, line: (text) => lines.push(text), done: () => {} };
}

const quick = (more: object = {}) =>
  applyQuick(startSchema.parse({ quick: true, threads: 1, experiments_dir: root, ...more }));

describe("the main job", () => {
  it("ends with both tables and the paths of files that are there", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const code = await start(["quick=true", "threads=1", `experiments_dir=${root}`]);
    const text = log.mock.calls.flat().join("\n");
    log.mockRestore();
    expect(code).toBe(0);
    expect(text).toMatch(/bridge 2 → 3 +[01]\.\d{4}/);
    expect(text).toContain("exact");
    const paths = [...text.matchAll(/^(?:picture|table|report) +(\/.*)$/gm)].map(
      ([, path]) => path!,
    );
    expect(paths).toHaveLength(13);
    expect(text).toContain("the same digits in pixels");
    for (const path of paths) expect(statSync(path).size, path).toBeGreaterThan(100);
  });

  it("leaves a run that can be read, and runs again in the same folder", async () => {
    const folder = join(root, "twice");
    const first = await runDigits(quick(), { folder, progress: silent() });
    const again = await runDigits(quick(), { folder, progress: silent() });
    const run = readRun(folder);
    expect(run.info.state).toBe("finished");
    expect(run.results).toHaveLength(2);
    expect(again.rows.map(({ share, displacement }) => [share, displacement])).toEqual(
      first.rows.map(({ share, displacement }) => [share, displacement]),
    );
    const png = readFileSync(join(folder, "figures/path.png"));
    expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const { tensors, metadata } = io.loadTensors(join(folder, "models/2_f.safetensors"));
    expect([...tensors.keys()]).toContain("net.layers.0.weight");
    expect(metadata.direction).toBe("f");
    expect(readFileSync(join(folder, "index.html"), "utf8")).toContain("figures/path.png");
  });

  it("stops where a signal asks, and leaves the run readable", async () => {
    const stop = new AbortController();
    const progress = silent();
    progress.update = ({ label }) => {
      if (label.startsWith("digits")) stop.abort();
    };
    const folder = join(root, "stopped");
    const config = quick({ first_num_iter: 500 });
    const result = await runDigits(config, { folder, progress, signal: stop.signal });
    expect(result.state).toBe("interrupted");
    expect(readRun(folder).info.state).toBe("interrupted");
    expect(existsSync(join(folder, "figures/path.png"))).toBe(false);
    expect(progress.lines.at(-1)).toContain(folder);
  });
});
