// Kills, and faults of the disk, at any moment: a command that is typed again must end with the bits of an untouched one.
// `npm run torture -- --kills 200 --faults [--points 8] [--only vectors,images,sweep,fit,sample,export,report]
// [--kinds write,fsync,rename,open,mmap]`. What is here is the kills of one run of images, whose moments are told apart.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commands, type } from "./torture/commands.mjs";
import { faults } from "./torture/faults.mjs";
import { killAll, killsLine } from "./torture/kills.mjs";
import { random } from "./torture/random.mjs";

/** A run of a few seconds that simulates, saves and evaluates often: most moments are in one of them. */
const words = [
  "dataset=synthetic",
  "model.dropout=0.1",
  "first_num_iter=12",
  "num_iter=12",
  "n_ipf=2",
  "batch_size=32",
  "cache_npar=32",
  "cache_batch_size=16",
  "cache_refresh_stride=4",
  "num_steps=6",
  "test_npar=32",
  "test_batch_size=16",
  "plot_npar=16",
  "plot_npar_path=4",
  "checkpoint_stride=3",
  "gif_stride=6",
  "log_every=4",
  "metrics.judge=false",
  "threads=1",
];

/** A checkpoint's folder; damaged ones that were set aside have longer names. */
const pointName = /^it(\d+)_([bf])_step(\d+)$/;

/** Starts the run; `kill` after so many milliseconds, or never. Resolves to how it ended and what it said. */
const start = (experiments, seed, kill) =>
  type(["train", ...words, `seed=${seed}`, `experiments_dir=${experiments}`], {
    folder: tmpdir(),
    kill,
  });

/** The only run folder below a folder of experiments. */
function runFolder(experiments) {
  const find = (folder) => {
    if (existsSync(join(folder, "config.json"))) return folder;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const found =
        entry.isDirectory() && !entry.name.startsWith(".") && find(join(folder, entry.name));
      if (found) return found;
    }
    return null;
  };
  return existsSync(experiments) ? find(experiments) : null;
}

/** Where a killed run was, told by what it left behind. */
function moment(folder) {
  if (folder === null) return "starting";
  const list = (name) => (existsSync(join(folder, name)) ? readdirSync(join(folder, name)) : []);
  if (list("checkpoints").some((name) => name.startsWith(".tmp-"))) return "in a checkpoint";
  if (list("cache").some((name) => name.startsWith(".tmp-"))) return "in a cache";
  const points = list("checkpoints").filter((name) => pointName.test(name));
  const newest = points.sort((a, b) => order(a) - order(b)).at(-1);
  if (!newest) return "before the first checkpoint";
  const [, iteration, direction, step] = pointName.exec(newest);
  const half = 2 * (Number(iteration) - 1) + (direction === "b" ? 1 : 2);
  const due = Number(step) % 6 === 0;
  const rows = readFileSync(join(folder, "results.csv"), "utf8").split("\n");
  const done = rows.some((row) =>
    row.startsWith(`${half},${Number(iteration)},${direction},${Number(step)},`),
  );
  return due && !done ? "in an evaluation" : "in a step";
}

/** Backward comes before forward in an iteration. */
function order(id) {
  const [, iteration, direction, step] = pointName.exec(id);
  return (Number(iteration) * 2 + (direction === "f" ? 1 : 0)) * 1e9 + Number(step);
}

/** What a finished run learnt and reported, but for what depends on the clock. */
export function outcome(experiments) {
  const folder = runFolder(experiments);
  if (folder === null) throw new Error(`no run below ${experiments}`);
  const points = readdirSync(join(folder, "checkpoints")).filter((name) => pointName.test(name));
  const last = points.sort((a, b) => order(a) - order(b)).at(-1);
  const { files, facts } = JSON.parse(
    readFileSync(join(folder, "checkpoints", last, "manifest.json"), "utf8"),
  );
  const csv = readFileSync(join(folder, "results.csv"), "utf8").trim().split("\n");
  const kept = csv[0].split(",").map((name) => !name.startsWith("seconds"));
  const rows = csv.map((row) =>
    row
      .split(",")
      .filter((_, i) => kept[i])
      .join(),
  );
  const losses = readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ ...JSON.parse(line), rate: null }));
  const models = readdirSync(join(folder, "models")).map((name) => [
    name,
    readFileSync(join(folder, "models", name)).toString("base64"),
  ]);
  return {
    last,
    weights: Object.entries(files).map(([name, { sha256 }]) => [name, sha256]),
    training: facts.training,
    rows,
    losses,
    models,
    samples: existsSync(join(folder, "samples")) ? readdirSync(join(folder, "samples")).sort() : [],
  };
}

/**
 * Runs until `kills` kills were made and the last of the killed runs is finished. Returns the moments of the kills,
 * the number of runs compared, and a line for each that ended otherwise than the untouched one.
 */
export async function torture({ kills, seed = 1, say = () => {} }) {
  const root = mkdtempSync(join(tmpdir(), "dsbm-torture-"));
  const draw = random(seed);
  const moments = {};
  const wrong = [];
  let made = 0;
  let compared = 0;
  try {
    const began = performance.now();
    const straight = await start(join(root, "straight"), 7, null);
    if (straight.code !== 0) throw new Error(`the untouched run failed: ${straight.said}`);
    const took = performance.now() - began;
    const expected = JSON.stringify(outcome(join(root, "straight")));
    say(`an untouched run takes ${(took / 1000).toFixed(1)} s`);
    while (made < kills) {
      const experiments = join(root, `run${compared}`);
      for (;;) {
        // Long enough to get somewhere, short enough to need several starts.
        const wait = made < kills ? took * (0.1 + 0.6 * draw()) : null;
        const ended = await start(experiments, 7, wait);
        if (ended.signal === "SIGKILL") {
          made++;
          const where = moment(runFolder(experiments));
          moments[where] = (moments[where] ?? 0) + 1;
          say(`kill ${made}: ${where}`);
          continue;
        }
        if (ended.code !== 0)
          wrong.push(
            `start failed (${ended.signal ?? ended.code}): ${ended.said.trim().slice(-300)}`,
          );
        break;
      }
      if (wrong.length > 0) break;
      compared++;
      if (JSON.stringify(outcome(experiments)) !== expected)
        wrong.push(`run ${compared} ended with other numbers`);
      rmSync(experiments, { recursive: true, force: true });
    }
    return { kills: made, compared, moments, wrong };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string" },
      faults: { type: "boolean", default: false },
      points: { type: "string", default: "8" },
      only: { type: "string" },
      kinds: { type: "string" },
      seed: { type: "string", default: "1" },
    },
  });
  const names = values.only === undefined ? Object.keys(commands) : values.only.split(",");
  const say = (text) => console.log(text);
  const wrong = [];
  if (values.faults) {
    const kinds = values.kinds?.split(",");
    const result = await faults({ points: Number(values.points), names, kinds, say });
    wrong.push(...result.wrong);
    const each = Object.entries(result.injected).map(([kind, n]) => `${n} ${kind}`);
    console.log(
      `faults: ${each.join(", ")}; ${result.wrong.length} ended otherwise than they should`,
    );
  }
  if (values.kills !== undefined || !values.faults) {
    const number = Number(values.kills ?? 200);
    const result = await killAll({ number, seed: Number(values.seed), names, say });
    wrong.push(...result.wrong);
    for (const [place, n] of Object.entries(result.places).sort(([, a], [, b]) => b - a))
      console.log(`  ${n} killed after ${place}`);
    console.log(killsLine(result, number));
  }
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
