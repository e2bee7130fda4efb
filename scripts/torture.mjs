// Kills, and faults of the disk, at any moment: a command that is typed again must end with the bits of an untouched one.
// `npm run torture -- --kills 200 --faults --links [--points 8] [--only vectors,images,sweep,fit,sample,export,report]
// [--kinds write,fsync,rename,open,mmap]`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commands, withoutTimes } from "./torture/commands.mjs";
import { faults } from "./torture/faults.mjs";
import { killAll, killsLine } from "./torture/kills.mjs";
import { links } from "./torture/links.mjs";

/** A checkpoint's folder; "+2" if it was saved twice. */
const pointName = /^it(\d+)_([bf])_step(\d+)(\+\d+)?$/;

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

/** Backward comes before forward in an iteration. */
function order(id) {
  const [, iteration, direction, step, again = 0] = pointName.exec(id);
  return (
    (Number(iteration) * 2 + (direction === "f" ? 1 : 0)) * 1e9 + Number(step) + Number(again) / 1e3
  );
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
  const rows = withoutTimes(readFileSync(join(folder, "results.csv"), "utf8"));
  const losses = readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ ...JSON.parse(line), rate: null }));
  const models = readdirSync(join(folder, "models")).map((name) => [
    name,
    readFileSync(join(folder, "models", name)).toString("base64"),
  ]);
  return {
    last: last.replace(/\+\d+$/, ""),
    weights: Object.entries(files).map(([name, { sha256 }]) => [name, sha256]),
    training: facts.training,
    rows,
    losses,
    models,
    samples: existsSync(join(folder, "samples")) ? readdirSync(join(folder, "samples")).sort() : [],
  };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      kills: { type: "string" },
      faults: { type: "boolean", default: false },
      links: { type: "boolean", default: false },
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
  if (values.links) {
    const result = await links({ say });
    wrong.push(...result.wrong);
    console.log(`links: ${result.typed} commands, ${result.wrong.length} did what they should not`);
  }
  if (values.kills !== undefined || !(values.faults || values.links)) {
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
