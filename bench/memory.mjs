// The memory of large datasets: `dsbm fit`, `dsbm sample` and `dsbm evaluate` on tables of millions of rows, and
// `dsbm fit` on folders of tens of thousands of images, against the memory of the same commands on
// a few rows; of `dsbm evaluate` of a course of four days, and of exact transport plans. Slow, and writes some gigabytes.
// "processor" is in seconds of all cores. `resume` interrupts a training of many rows in its second half-iteration, and compares
// the resumed networks with networks of a training in one go.
// `npm run bench:memory -- [--only parquet,csv,cells,course,transport,resume] [--rows N] [--columns N] [--cells N] [--genes N]`
import { spawn } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openTableWriter } from "@dsbm/data";
import sharp from "sharp";
import { writeCounts } from "./counts.mjs";
import { processorSeconds } from "./processor.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "parquet,pictures" },
    rows: { type: "string", default: "5000000" },
    columns: { type: "string", default: "20" },
    cells: { type: "string", default: "100000" },
    genes: { type: "string", default: "20000" },
    pictures: { type: "string", default: "50000" },
  },
});
const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const bin = fileOf("../packages/command/cli/bin/dsbm.mjs");
const folder = mkdtempSync(join(tmpdir(), "dsbm-bench-memory-"));
const fewRows = 2000;
const columnCount = Number(values.columns);

/** A table of normal columns, moved by `mean`. */
async function table(path, rows, mean, columns = columnCount) {
  const names = Array.from({ length: columns }, (_, k) => ({ name: `c${k}`, dtype: "float32" }));
  const writer = openTableWriter(path, { format: extname(path), kept: [], columns: names });
  for (let at = 0; at < rows; at += 65_536) {
    const count = Math.min(65_536, rows - at);
    const column = () =>
      Float64Array.from({ length: count }, () => {
        const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
        return mean + radius * Math.cos(2 * Math.PI * Math.random());
      });
    await writer.write({ count, kept: [], numbers: names.map(column) });
  }
  await writer.close();
}

/** A folder of images of 64×64 pixels; a thousand are drawn, all others are links to them. */
async function pictures(path, count, red) {
  mkdirSync(path);
  const drawn = Math.min(count, 1000);
  for (let i = 0; i < count; i++) {
    const file = join(path, `${i}.png`);
    if (i >= drawn) {
      linkSync(join(path, `${i % drawn}.png`), file);
      continue;
    }
    const background = { r: red, g: Math.floor(256 * Math.random()), b: i % 256 };
    const size = { width: 64, height: 64, channels: 3 };
    await sharp({ create: { ...size, background } })
      .png()
      .toFile(file);
  }
}

/**
 * Runs a script; the highest memory of its own (RssAnon) that was seen, in MiB, and seconds. `interruptAt` is a text of stderr
 * at which Ctrl-C ends it.
 */
function runScript(script, words, interruptAt) {
  const began = performance.now();
  const child = spawn(process.execPath, [script, ...words], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  let isInterrupted = false;
  child.stderr.on("data", (text) => {
    errors = `${errors}${text}`.slice(-4000);
    if (interruptAt === undefined || isInterrupted || !errors.includes(interruptAt)) return;
    isInterrupted = child.kill("SIGINT");
  });
  let most = 0;
  let processor = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      most = Math.max(most, Number(/RssAnon:\s*(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      processor = processorSeconds(readFileSync(`/proc/${child.pid}/stat`, "utf8"));
    } catch {
      // It has ended.
    }
  }, 50);
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - began) / 1000;
      if (code === 0 || isInterrupted) resolve({ mib: most, seconds, processor });
      else reject(new Error(`${script} ${words.join(" ")} ended with code ${code}: ${errors}`));
    });
  });
}

const measuredCommands = new Map();
async function row(name, words, base, { script = bin, interruptAt } = {}) {
  const { mib, seconds, processor } = await runScript(script, words, interruptAt);
  measuredCommands.set(name, mib);
  const beyond = base === undefined ? "" : (mib - measuredCommands.get(base)).toFixed(0);
  console.log(
    `${name.padEnd(48)} ${mib.toFixed(0).padStart(8)} ${beyond.padStart(8)} ${seconds.toFixed(0).padStart(8)} ${processor.toFixed(0).padStart(9)}`,
  );
}

const shortFit = ["max_minutes=1", "plot_level=0"];
const fitOf = (name, ending) => [
  "fit",
  `${name}_a.${ending}`,
  `${name}_b.${ending}`,
  `name=${name}`,
  "experiments_dir=runs",
  ...shortFit,
];

/** The folder of the newest run of a name. */
function runOf(name) {
  const [options] = readdirSync(join(folder, "runs", name));
  return join("runs", name, options, readdirSync(join(folder, "runs", name, options))[0]);
}

/** Fit and sample of a few and of many rows. */
async function tables(rows, ending) {
  for (const [name, n] of [
    ["few", fewRows],
    ["many", rows],
  ]) {
    await table(join(folder, `${name}_a.${ending}`), n, 0);
    await table(join(folder, `${name}_b.${ending}`), n, 1);
  }
  const base = `fit, ${fewRows} rows of ${columnCount} columns, .${ending}`;
  await row(base, fitOf("few", ending));
  await row(`fit, ${rows} rows`, fitOf("many", ending), base);
  const sample = (name) => [
    "sample",
    runOf(name),
    `${name}_a.${ending}`,
    `${name}_out.${ending}`,
    // Memory does not depend on the number of steps.
    "steps=2",
  ];
  const sampleBase = `sample, ${fewRows} rows`;
  await row(sampleBase, sample("few"));
  await row(`sample, ${rows} rows`, sample("many"), sampleBase);
  const evaluateBase = `evaluate, ${fewRows} rows`;
  await row(evaluateBase, ["evaluate", runOf("few")]);
  await row(`evaluate, ${rows} rows`, ["evaluate", runOf("many")], evaluateBase);
}

/** Fit and sample of one file of counts. */
async function cells(count, genes) {
  await writeCounts(join(folder, "counts.h5ad"), { cells: count, genes, share: 0.05 });
  const groups = ["data.split_by=condition", "data.source=control", "data.target=treated"];
  const place = ["name=counts", "experiments_dir=runs"];
  await row(`fit, ${count} cells of ${genes} genes`, [
    "fit",
    "counts.h5ad",
    ...groups,
    ...place,
    ...shortFit,
  ]);
  const words = ["sample", runOf("counts"), "counts.h5ad", "counts_out.h5ad", "steps=2"];
  await row(`sample, ${count} cells`, words);
}

async function folders(count) {
  for (const [name, n] of [
    ["few_pictures", 200],
    ["many_pictures", count],
  ]) {
    await pictures(join(folder, `${name}_a`), n, 0);
    await pictures(join(folder, `${name}_b`), n, 255);
  }
  const fitPictures = (name) => ["fit", `${name}_a`, `${name}_b`, `name=${name}`, ...shortFit];
  const pictureBase = "fit, 200 pictures of 64×64";
  await row(pictureBase, fitPictures("few_pictures"));
  await row(`fit, ${count} pictures`, fitPictures("many_pictures"), pictureBase);
}

/** Fit and evaluation of four days of 7,000 rows and 50 columns. */
async function course() {
  const days = [0, 1, 2, 3].map((day) => `day${day}.parquet`);
  for (const [day, file] of days.entries()) await table(join(folder, file), 7000, day / 4, 50);
  await row("fit, 4 days of 7000 rows of 50 columns", [
    "fit",
    ...days,
    "name=course",
    "experiments_dir=runs",
    ...shortFit,
  ]);
  await row("evaluate, 4 days of 7000 rows of 50 columns", ["evaluate", runOf("course")]);
}

/** Exact plans with all costs in memory, as far as that is usual, and with costs computed again. */
async function transport() {
  for (const [count, way] of [
    [4000, "dense"],
    [4000, "rows"],
    [8000, "dense"],
    [8000, "rows"],
    [30_000, "rows"],
  ]) {
    const words = [`${count}`, way];
    await row(`exact transport of ${count} points, ${way}`, words, undefined, {
      script: fileOf("transport.mjs"),
    });
  }
}

const fixedTraining = [
  "train",
  "Dataset=table:a.parquet",
  "Dataset_transfer=table:b.parquet",
  "method=dbdsb",
  "model=MLP",
  "n_ipf=1",
  "num_iter=500",
  "first_num_iter=500",
  "num_steps=10",
  "cache_npar=5000",
  "cache_refresh_stride=100",
  "test_npar=200",
  "plot_level=0",
  "threads=1",
  "name=fixed",
];

/** The networks of a training, by the names of their files. */
function modelsOf(place) {
  const [options] = readdirSync(join(folder, place, "fixed"));
  const models = join(folder, place, "fixed", options, "42", "models");
  return new Map(readdirSync(models).map((name) => [name, readFileSync(join(models, name))]));
}

/** A training of many rows in one go, and the same training with an interruption. */
async function resume(rows) {
  for (const [name, mean] of [
    ["a", 0],
    ["b", 1],
  ])
    await table(join(folder, `${name}.parquet`), rows, mean);
  const words = (place) => [...fixedTraining, `experiments_dir=${place}`];
  await row(`train, ${rows} rows of ${columnCount} columns`, words("whole"));
  const second = { interruptAt: "half-iteration 2/2" };
  await row("the same, interrupted", words("parts"), undefined, second);
  await row("the same, resumed", words("parts"));
  const whole = modelsOf("whole");
  const parts = modelsOf("parts");
  const isSame = [...whole].every(([name, bytes]) => parts.get(name)?.equals(bytes));
  console.log(`resumed networks: ${isSame ? "the same bits" : "OTHER BITS"}`);
  if (!isSame) process.exitCode = 1;
}

const cases = {
  parquet: () => tables(Number(values.rows), "parquet"),
  csv: () => tables(Number(values.rows), "csv"),
  cells: () => cells(Number(values.cells), Number(values.genes)),
  course,
  transport,
  resume: () => resume(Number(values.rows)),
  pictures: () => folders(Number(values.pictures)),
};

try {
  console.log(
    `${"command".padEnd(48)} ${"MiB".padStart(8)} ${"beyond".padStart(8)} ${"seconds".padStart(8)} ${"processor".padStart(9)}`,
  );
  for (const name of values.only.split(",")) {
    if (!Object.hasOwn(cases, name))
      throw new Error(`--only ${name}: expected some of ${Object.keys(cases).join()}`);
    await cases[name]();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
