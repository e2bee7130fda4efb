// What `npm pack` gives installs into an empty project: the command line runs there, the engine comes from the machine's cache, programs
// find every sub-path, and strict TypeScript accepts the types.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Generator, io, randn } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { putCached } from "../../packages/engine/torch/addon/cache.mjs";
import { root } from "../docs/blocks.js";
import { scratch } from "../e2e/cli.js";
import { installInto } from "./project.js";

const folder = scratch();
const engine = join(folder, "node_modules/@dsbm/torch/build");
let missing: string | null = null;

/** Runs a program in the project; resolves to its code and output. */
async function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: folder, env: { ...process.env, ...env } };
  try {
    return { code: 0, ...(await promisify(execFile)(program, args, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

beforeAll(() => {
  missing = installInto(folder);
  if (missing !== null) console.warn(`not installed, skipped: ${missing.split("\n")[0]}`);
});

describe("in an empty project", () => {
  const test = (title: string, fn: () => Promise<void>) =>
    it(title, async ({ skip }) => {
      if (missing?.includes("ENOTCACHED")) skip("npm's cache lacks packages");
      expect(missing).toBe(null);
      await fn();
    });

  test("help needs no engine", async () => {
    const { code, stdout } = await run("npx", ["dsbm", "train", "dataset=moons", "--help"]);
    expect(stdout).toContain("dataset=moons");
    expect(code).toBe(0);
    expect(existsSync(engine)).toBe(false);
  });

  test("one line says what is missing to build the engine that was asked for", async () => {
    for (const [env, reason] of [
      [
        { CXX: "/no-compiler", DSBM_ENGINE: "libtorch" },
        "run as root: apt-get install -y --no-install-recommends g++",
      ],
      [{ LIBTORCH: "/no-libtorch" }, "LIBTORCH=/no-libtorch holds no libtorch"],
    ] as const) {
      const { code, stderr } = await run("npx", ["dsbm", "gaussian", "outer_iters=1"], env);
      expect(code).toBe(1);
      const [line, ...more] = stderr
        .split("\n")
        .filter((text) => text.startsWith("dsbm: the") || text.startsWith("dsbm: LIB"));
      expect(line, stderr).toContain(reason);
      expect(more).toEqual([]);
    }
  });

  test("the doctor takes the engine from this machine's cache and finds it well", async () => {
    const built = join(root, "packages/engine/torch/build");
    const cache = join(folder, "cache");
    const key = readFileSync(join(built, "dsbm_torch.stamp"), "utf8");
    putCached(key, join(built, "dsbm_torch.node"), join(cache, "dsbm"));
    const env = { XDG_CACHE_HOME: cache, DSBM_ADDON_CACHE: "" };
    const { code, stdout, stderr } = await run("npx", ["dsbm", "doctor"], env);
    expect(stderr).toContain("copied from");
    expect(stdout).toContain("no problems found");
    expect(code).toBe(0);
  });

  const program = `
    import { type Bridge, type FitOptions, fit, openBridge } from "dsbm";
    import * as bridge from "dsbm/bridge";
    import * as config from "dsbm/config";
    import * as data from "dsbm/data";
    import * as nets from "dsbm/nets";
    import * as runs from "dsbm/runs";
    import { type Tensor, randn } from "dsbm/torch";
    import * as train from "dsbm/train";
    const x: Tensor = randn([3, 2]);
    const options: FitOptions = { source: [[1, 2]], target: x, sigma: 0.3, model: { hidden: "8,8" }, data: { keep: ["id"] } };
    const fitted: (options: FitOptions) => Promise<Bridge> = fit;
    // @ts-expect-error a key that there is not
    const wrong: FitOptions = { source: "a.csv", target: "b.csv", sigam: 1 };
    const training = new train.Training({
      data: { x0: x, x1: x.add(1) },
      process: bridge.brownian({ sigma: 1 }),
      method: { method: bridge.methods.dsbm, network: () => new nets.ScoreNetwork(2), firstCoupling: "ind" },
      schedule: { grid: bridge.uniformGrid(3), halfIterations: 2, steps: 2 },
      optimisation: { batchSize: 2 },
    });
    for await (const event of training.run()) if (event.type === "half") console.log(event.direction);
    console.log(Object.keys({ ...options, ...wrong }).length, typeof fitted, typeof openBridge, typeof config.resolve, typeof runs.readRun, data.loadTable("moons", { split: "test", n: 5 }).x.shape);
  `;

  test("a strict TypeScript program compiles against the types, and runs", async () => {
    writeFileSync(join(folder, "program.mts"), program);
    const options = ["--module nodenext --target es2022 --strict --exactOptionalPropertyTypes"];
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const words = options.flatMap((text) => text.split(" "));
    const checked = await run(process.execPath, [
      tsc,
      ...words,
      ...["--skipLibCheck", "false", "--skipDefaultLibCheck", "true"],
      "program.mts",
    ]);
    expect(checked.stdout).toBe("");
    const { stdout, stderr } = await run(process.execPath, ["program.mjs"]);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "b",
      "f",
      "6 function function function function [ 5, 2 ]",
      "",
    ]);
  });

  test("two arrays are fitted and sampled", async () => {
    for (const [seed, name] of ["A", "B"].entries()) {
      const generator = Generator.create(seed);
      writeFileSync(join(folder, `${name}.npy`), io.encodeNpy(randn([120, 2], { generator })));
    }
    const few = [
      "max_minutes=null",
      "num_iter=20",
      "first_num_iter=20",
      "cache_npar=200",
      "test_npar=20",
    ];
    const fitted = await run("npx", ["dsbm", "fit", "A.npy", "B.npy", ...few, "plot_level=0"]);
    expect(fitted.code, fitted.stderr).toBe(0);
    expect(fitted.stdout).toContain("report.html");
    const sampled = await run("npx", ["dsbm", "sample", "latest", "A.npy", "out.npy"]);
    expect(sampled.stdout, sampled.stderr).toContain("samples: 120");
    expect(io.mapNpy(join(folder, "out.npy")).shape).toEqual([120, 2]);
  });
});
