// The portable engine runs the whole command line: fit, evaluate, report and samples of a table of rivers.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { dsbm, onlyRun, scratch, succeed } from "./cli.js";

const rivers = (name: string) =>
  fileURLToPath(new URL(`../../examples/data/${name}.csv`, import.meta.url));

it("fits, evaluates, reports and samples tables of rivers without libtorch", async () => {
  const cwd = scratch();
  const small = ["num_iter=20", "first_num_iter=20", "num_steps=6", "max_minutes=null", "n_ipf=1"];
  const fit = await succeed(
    [
      ...["fit", rivers("winter"), rivers("summer"), "data.exclude=river", "data.keep=id"],
      ...[
        ...small,
        "threads=1",
        "paths.experiments_dir_name=runs",
        "plot_level=0",
        "cache_npar=490",
        "test_npar=60",
        "metrics.judge=false",
      ],
    ],
    { cwd },
  );
  expect(fit.stderr + fit.stdout).toContain("engine: portable");
  const run = onlyRun(join(cwd, "runs"))!;
  const info = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
  expect(info.environment).toMatchObject({ engine: "portable", libtorch: null });

  await succeed(["evaluate", run, "n=60", "metrics=sliced_w2"], { cwd });
  expect(existsSync(join(run, "quality.json"))).toBe(true);
  expect(readFileSync(join(run, "report.html"), "utf8")).toContain("portable");

  await succeed(["sample", run, rivers("winter"), "out.csv", "direction=f"], { cwd });
  const lines = readFileSync(join(cwd, "out.csv"), "utf8").trim().split("\n");
  expect(lines[0].split(",")).toContain("temperature");
  expect(lines).toHaveLength(901);
});

it("doctor names the portable engine and what libtorch adds", async () => {
  const doctor = await dsbm(["doctor"]);
  expect(doctor.stdout).toMatch(/engine +portable.*libtorch is faster/);
});

it("an image network says which operation needs libtorch", async () => {
  const { nn, tensor } = await import("@dsbm/torch");
  const layer = new nn.Conv2d(1, 2, 3);
  const image = tensor(new Float32Array(25), { shape: [1, 1, 5, 5] });
  expect(() => layer.forward(image)).toThrow(/conv.*needs libtorch/);
});

it("runs where libtorch cannot be built, and says why; DSBM_ENGINE=libtorch is an error there", () => {
  const packages = join(scratch(), "node_modules/@dsbm");
  mkdirSync(packages, { recursive: true });
  const source = fileURLToPath(new URL("../../packages/engine/", import.meta.url));
  for (const name of ["files", "portable"]) symlinkSync(join(source, name), join(packages, name));
  for (const part of ["dist", "addon", "package.json"])
    cpSync(join(source, "torch", part), join(packages, "torch", part), { recursive: true });
  const engine = join(packages, "torch/dist/index.js");
  const code = `const { engineInfo, ones } = await import(${JSON.stringify(engine)});
    const { engine, reason } = engineInfo();
    console.log(engine, ones([2, 2]).sum().item(), reason);`;
  const start = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      encoding: "utf8",
      env: { PATH: "", XDG_CACHE_HOME: packages, ...env },
    });
  expect(start({}).stdout).toMatch(/^portable 4 the engine (cannot be built without|needs) /);
  const refused = start({ DSBM_ENGINE: "libtorch" });
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toMatch(/cannot be built without|needs a C\+\+ compiler/);
  expect(start({ DSBM_ENGINE: "other" }).stderr).toMatch(/expected libtorch or portable/);
});
