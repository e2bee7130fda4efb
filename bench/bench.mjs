// `npm run bench`: compares this library with eager PyTorch on the same machine in the same minute.
// Rounds are interleaved, so that disturbances of the machine hit both sides alike, and each starts a
// new process. `--before FOLDER` adds another checkout.
import { existsSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findPython } from "../scripts/setup/command.mjs";
import { reportFailure, setup } from "../scripts/setup.mjs";
import { best, median, select, THREADS } from "./benchmarks.mjs";
import { RankedSide, Side, surroundings } from "./side.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** The ways in which a benchmark runs: each side with each number of threads, or alone and in ranks. */
function waysOf(bench, { python, before }) {
  const ways = bench.ranks
    ? [1, bench.ranks].map((ranks) => ({ threads: 1, ranks }))
    : (bench.threads ?? THREADS).map((threads) => ({ threads, ranks: 1 }));
  const programs = [
    { label: "ours", program: process.execPath, args: [join(here, "ours.mjs")] },
    before && {
      label: "before",
      program: process.execPath,
      args: [join(before, "bench/ours.mjs")],
    },
    python && { label: "pytorch", program: python, args: [join(here, "pytorch_side.py")] },
  ].filter(Boolean);
  const empty = () => ({ values: [], peaks: [], bytes: [], said: [], error: null });
  return ways.flatMap((way) => programs.map((program) => ({ ...program, ...way, ...empty() })));
}

/** Seconds of a first run that is not counted: it touches memory and compiles code for the first time. */
const SHORT = 2;

/** One round in a new process: where memory and compiled code lie differs from process to process. */
async function measureOnce(run, { name, reps, scale }, last) {
  const { program, args, threads, ranks } = run;
  const env = surroundings(threads);
  const side =
    ranks > 1 ? await RankedSide.start(ranks, program, args, env) : new Side(program, args, env);
  try {
    run.about = await side.ask({ cmd: "setup", bench: name, threads, reps });
    const first = await side.ask({ cmd: "run", reps });
    const isShort = first.seconds < SHORT;
    const { seconds, peak_mb, bytes, said } = isShort
      ? await side.ask({ cmd: "run", reps })
      : first;
    run.values.push((seconds / reps) * scale);
    run.peaks.push(peak_mb);
    run.bytes.push(bytes / reps);
    if (said) run.said.push(`${name}, ${run.label}: ${said}`);
    if (last && run.label === "ours" && run.about.flop)
      run.said.push(sayRate({ name, scale }, run, await side.ask({ cmd: "rate" })));
  } catch (error) {
    run.error = error.message;
    run.values.length = 0;
  }
  side.close();
}

/** Runs one benchmark on all sides; returns its row and the problems met. */
async function measure(bench, sides) {
  const { name, rounds } = bench;
  const runs = waysOf(bench, sides);
  for (let round = 1; round <= rounds; round += 1) {
    for (const run of round % 2 ? runs : runs.toReversed())
      if (!run.error) await measureOnce(run, bench, round === rounds);
  }
  const of = (label, most = Number.POSITIVE_INFINITY) =>
    runs.filter((run) => run.label === label && run.ranks <= most);
  const [ours, pytorch, before] = ["ours", "pytorch", "before"].map((label) =>
    best(of(label).filter(({ ranks }) => ranks === (bench.ranks ?? 1))),
  );
  const row = {
    name,
    unit: bench.unit,
    ...(bench.against && { against: bench.against }),
    ours: ours?.value ?? null,
    pytorch: pytorch?.value ?? null,
    ratio: ours && pytorch ? pytorch.value / ours.value : null,
    ours_mb: ours?.mb ?? null,
    pytorch_mb: pytorch?.mb ?? null,
    ...(before && {
      before: before.value,
      gain: ours ? before.value / ours.value : null,
      before_mb: before.mb,
    }),
    ...(bench.ranks && {
      ...scaled("ours", ours, best(of("ours", 1))),
      ...scaled("pytorch", pytorch, best(of("pytorch", 1))),
      bytes_per_step: ours && median(of("ours").at(-1).bytes),
    }),
  };
  const failed = runs.filter((run) => run.error);
  return {
    row,
    threads: [ours?.threads, pytorch?.threads],
    said: runs.flatMap((run) => run.said),
    about: runs.find(({ label, about }) => label === "pytorch" && about)?.about,
    problems: failed.map(
      (run) =>
        `${name}, ${run.label === "pytorch" ? (bench.against ?? "pytorch") : run.label}, ${run.ranks > 1 ? `${run.ranks} ranks` : `${run.threads} thread(s)`}: ${run.error}`,
    ),
  };
}

/** Says how near the products of a benchmark are to the rate of this machine's large ones, all its other work included. */
function sayRate({ name, scale }, run, { rate }) {
  const own = run.about.flop / (median(run.values) / scale);
  const [gflops, machine] = [own, rate].map((x) => (x / 1e9).toFixed(0));
  const share = ((100 * own) / rate).toFixed(0);
  return `${name}, ${run.threads} thread(s): ${gflops} GFLOP/s of products, ${share} % of this machine's ${machine}`;
}

/** What several ranks gain over one: the columns of one side. */
function scaled(label, several, one) {
  const speedup = several && one ? one.value / several.value : null;
  return {
    [`${label}_one_rank`]: one?.value ?? null,
    [label === "ours" ? "speedup" : `${label}_speedup`]: speedup,
  };
}

/** Lines up rows of text: the first two columns to the left, numbers to the right. */
function align(rows) {
  const width = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell, column) =>
    column < 2 ? cell.padEnd(width[column]) : cell.padStart(width[column]);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

const digits = (value, count = 3) =>
  value === null ? "–" : Number(value.toPrecision(count)).toString();
const whole = (value) => (value === null ? "–" : value.toFixed(0));

async function main() {
  const { values: options } = parseArgs({
    options: {
      device: { type: "string", default: "cpu" },
      json: { type: "string" },
      only: { type: "string" },
      rounds: { type: "string" },
      before: { type: "string" },
    },
  });
  const rounds = options.rounds === undefined ? undefined : Number(options.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${options.rounds}: expected a whole number of at least 1.`);
  }
  const chosen = select(options.only);
  // Both sides read it.
  process.env.BENCH_DEVICE = options.device;
  await setup();
  const python = findPython();
  if (!python) {
    console.error(
      "no python3 that can import torch: only this library is measured (apt-get install python3-torch).",
    );
  }
  const before = options.before === undefined ? null : resolve(options.before);
  if (before && !existsSync(join(before, "bench/ours.mjs")))
    throw new Error(
      `--before ${options.before}: expected the folder of another checkout that is set up (npm run setup there).`,
    );
  const results = [];
  for (const bench of chosen) {
    console.error(`${bench.name} …`);
    const result = await measure({ ...bench, rounds: rounds ?? bench.rounds }, { python, before });
    for (const problem of result.problems) console.error(problem);
    results.push(result);
  }
  const table = results.map(({ row, threads }) => [
    row.name,
    row.unit,
    digits(row.ours),
    digits(row.pytorch) + (row.against ? ` (${row.against})` : ""),
    row.ratio === null ? "–" : row.ratio.toFixed(2),
    whole(row.ours_mb),
    whole(row.pytorch_mb),
    threads.map((count) => count ?? "–").join("/"),
    ...(before
      ? [digits(row.before ?? null), row.gain?.toFixed(2) ?? "–", whole(row.before_mb ?? null)]
      : []),
  ]);
  const head = [
    ...["name", "unit", "ours", "pytorch", "ratio", "ours_mb", "pytorch_mb", "threads"],
    ...(before ? ["before", "gain", "before_mb"] : []),
  ];
  console.log(align([head, ...table]).join("\n"));
  const several = results.map(({ row }) => row).filter(({ bytes_per_step }) => bytes_per_step);
  if (several.length > 0) {
    const lines = several.map((row) => [
      row.name,
      row.unit,
      digits(row.ours_one_rank),
      digits(row.speedup),
      digits(row.pytorch_one_rank),
      digits(row.pytorch_speedup),
      whole(row.bytes_per_step),
    ]);
    const columns = [
      "one rank",
      "speedup",
      "pytorch one rank",
      "pytorch speedup",
      "bytes_per_step",
    ];
    console.log(`\n${align([["name", "unit", ...columns], ...lines]).join("\n")}`);
  }
  for (const line of results.flatMap(({ said }) => said)) console.log(line);
  const about = results.find((result) => result.about)?.about;
  if (about)
    console.log(`PyTorch ${about.version} (${python}), BLAS ${about.blas.join(", ") || "its own"}`);
  console.log(
    `medians; load average ${loadavg()
      .map((value) => value.toFixed(1))
      .join(" ")}`,
  );
  if (options.json) {
    writeFileSync(
      options.json,
      `${JSON.stringify(
        results.map(({ row }) => row),
        null,
        2,
      )}\n`,
    );
  }
  if (results.some(({ row }) => row.ours === null)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (error.name === "SetupError") reportFailure(error);
  else console.error(error.message);
  process.exitCode = 1;
}
