// The engine loads safely: in fresh processes, in worker threads, and when either is cut off in mid-work.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { beforeAll, describe, expect, it } from "vitest";
import { loadMany } from "../../../../scripts/load-many.mjs";
import { addonPath } from "../src/binding/native.js";

const fixture = new URL("./fixtures/worker.mjs", import.meta.url);
const engine = fileURLToPath(new URL("../dist/index.js", import.meta.url));

/** Starts a worker; resolves with its last message, or "terminated" after it was cut off in mid-work. */
function work(steps: number, cut = false) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fixture, { workerData: { steps } });
    let last: unknown;
    worker.on("message", (message) => {
      last = message;
      if (cut) void worker.terminate();
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(cut ? `terminated while ${last}` : last));
  });
}

async function script(code: string) {
  const args = [
    "--input-type=module",
    "-e",
    `import * as T from ${JSON.stringify(engine)};${code}`,
  ];
  return (await promisify(execFile)(process.execPath, args)).stdout.trim();
}

describe("loading", () => {
  beforeAll(() => {
    if (!existsSync(engine)) throw new Error(`${engine} is missing: run "npm run build" first`);
  });

  it("survives in several fresh processes", async () => {
    expect(await loadMany(4)).toEqual([]);
  });

  it("computes in several workers at once, alike, before this thread has loaded the engine", async () => {
    const totals = await Promise.all([work(200), work(200), work(200)]);
    expect(totals[0]).toEqual(expect.any(Number));
    expect(new Set(totals).size).toBe(1);
  });

  it("survives workers that are terminated in mid-work, and works afterwards", async () => {
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all([work(1e9, true), work(1e9, true)])).toEqual([
        "terminated while working",
        "terminated while working",
      ]);
    }
    const T = await import("../src/index.js");
    expect(T.ones([3]).sum().item()).toBe(3);
    expect(await work(50)).toEqual(expect.any(Number));
  });

  it("exits cleanly in the middle of a recording, a scope and a graph", async () => {
    const code = `
      const x = T.randn([4, 4]).requiresGrad_();
      console.log("begun");
      T.Program.record((y) => { y.matmul(x).sum().backward(); process.exit(0); }, [T.ones([4, 4])]);`;
    expect(await script(code)).toBe("begun");
  });

  it.runIf(process.platform === "linux")(
    "refuses a second copy of its addon in one process",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "dsbm-copy-"));
      try {
        cpSync(new URL("../dist", import.meta.url), join(folder, "torch/dist"), {
          recursive: true,
        });
        cpSync(new URL("../package.json", import.meta.url), join(folder, "torch/package.json"));
        cpSync(addonPath, join(folder, "torch/build/dsbm_torch.node"));
        symlinkSync(
          fileURLToPath(new URL("../../../../node_modules", import.meta.url)),
          join(folder, "node_modules"),
        );
        const copy = JSON.stringify(join(folder, "torch/dist/index.js"));
        const message = await script(`
        const message = await import(${copy}).then(() => "no error", (error) => error.code + " " + error.message);
        console.log(message, T.ones([3]).sum().item());`);
        expect(message).toMatch(
          /^ERR_TORCH_LOAD .*another copy of the engine already, .*npm dedupe.* 3$/,
        );
        expect(message).toContain(addonPath);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it("has the initial number of threads and bytes in the end", async () => {
    const code = `
      T.setNumThreads(2);
      const before = T.memory().current;
      T.tidy(() => { T.randn([256, 256]).matmul(T.randn([256, 256])).sum().item(); });
      console.log(T.getNumThreads(), T.memory().current - before, T.memory().peak - before >= 3 * 256 * 256 * 4);`;
    expect(await script(code)).toBe("2 0 true");
  });
});
