// `npm run bench`: compares this library with eager PyTorch on the same machine in the same minute. Each row is written into
// its file when it is measured, and the same command continues after a stop.
//   -- --only a,b · --rounds N · --again · --json FILE · --device cuda · --before FOLDER (another checkout)
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { findPython } from "../scripts/setup/command.mjs";
import { repo } from "../scripts/setup/stamp.mjs";
import { reportFailure, setup } from "../scripts/setup.mjs";
import { TimeLeft } from "../scripts/time-left.mjs";
import { select } from "./benchmarks.mjs";
import { measureRow } from "./measure.mjs";
import { mainTable, ranksTable, rowText } from "./tables.mjs";

/** Seconds of all rows: further rounds are omitted when they would end later. */
const wholeSeconds = 900;

/** The options of the command line. Throws one line for a wrong option. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      again: { type: "boolean", default: false },
      device: { type: "string", default: "cpu" },
      json: { type: "string", default: join(repo, "experiments/bench.json") },
      only: { type: "string" },
      rounds: { type: "string" },
      before: { type: "string" },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds ${values.rounds}: expected a whole number of at least 1.`);
  const before = values.before === undefined ? null : resolve(values.before);
  if (before && !existsSync(join(before, "bench/ours.mjs")))
    throw new Error(
      `--before ${values.before}: expected the folder of another checkout that is set up (npm run setup there).`,
    );
  return { ...values, rounds, before };
}

const minutesText = (seconds) => {
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
};

/** Says what will be measured, and how long it takes. */
function announce(file, { rows, missing, path }) {
  if (file.reset) console.error(file.reset);
  const there = rows.length - missing.length;
  const seconds = missing.reduce((sum, row) => sum + row.seconds, 0);
  const known =
    there > 0 ? `, ${there} of them in ${path} already (--again measures them again)` : "";
  const time = missing.length > 0 ? `; about ${minutesText(seconds)} on two quiet cores` : "";
  console.error(`${rows.length} rows${known}${time}`);
}

/** Measures the missing rows, and writes each into the file. Returns its entries. */
async function measureMissing(file, missing, { sides, isBounded }) {
  const began = performance.now();
  const time = new TimeLeft(missing);
  const entries = [];
  for (const [i, bench] of missing.entries()) {
    time.begin();
    const seconds = () => (performance.now() - began) / 1000;
    const mayRepeat = () => !isBounded || seconds() + time.of(bench) <= wholeSeconds;
    const entry = await measureRow(bench, sides, mayRepeat);
    time.end(bench);
    file.add(entry);
    entries.push(entry);
    for (const problem of entry.problems) console.error(problem);
    const next = missing[i + 1];
    time.begin();
    const left = next ? `, about ${minutesText(time.of(next))} left` : "";
    console.error(`[${i + 1}/${missing.length}] ${rowText(entry.row)}${left}`);
  }
  return entries;
}

function print(entries, { python, before }) {
  console.log(mainTable(entries, before !== null));
  const ranks = ranksTable(entries);
  if (ranks) console.log(`\n${ranks}`);
  for (const line of entries.flatMap(({ said }) => said)) console.log(line);
  const about = entries.find((entry) => entry.about)?.about;
  if (about)
    console.log(`PyTorch ${about.version} (${python}), BLAS ${about.blas.join(", ") || "its own"}`);
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(
    `medians of steady runs, and of their ratios in turns with the range; load average ${load.join(" ")}`,
  );
}

async function main() {
  const { only, rounds, device, before, again, json: path } = readOptions();
  const rows = select(only).map((bench) => ({ ...bench, rounds: rounds ?? bench.rounds }));
  // Both sides read it.
  process.env.BENCH_DEVICE = device;
  await setup();
  const python = findPython();
  if (!python)
    console.error(
      "no python3 that can import torch: only this library is measured (apt-get install python3-torch).",
    );
  const { RowFile, commitOf, machineOf } = await import("./row-file.mjs");
  const file = new RowFile(path, {
    commit: commitOf(repo),
    machine: machineOf(),
    device,
    python,
    before: before && commitOf(before),
  });
  const isMissing = ({ name }) => again || !file.entry(name, rounds);
  const missing = rows.filter(isMissing);
  const kept = rows.filter((row) => !isMissing(row)).map(({ name }) => file.entry(name));
  announce(file, { rows, missing, path });
  const isBounded = only === undefined && rounds === undefined;
  const measured = await measureMissing(file, missing, { sides: { python, before }, isBounded });
  const all = [...kept, ...measured];
  const entries = rows.map(({ name }) => all.find(({ row }) => row.name === name));
  print(entries, { python, before });
  if (entries.some(({ row }) => row.ours === null)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (error.name === "SetupError") reportFailure(error);
  else console.error(error.message);
  process.exitCode = 1;
}
