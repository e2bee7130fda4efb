// The commands that are tortured, each a few seconds, and what they leave: the bits of everything that does not depend on
// the clock.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The command line. */
export const program = fileURLToPath(
  new URL("../../packages/command/cli/bin/dsbm.mjs", import.meta.url),
);

const smallOptions = [
  "num_steps=3",
  "batch_size=32",
  "cache_npar=32",
  "log_every=2",
  "threads=1",
  "seed=7",
];
const vectors = [
  ...["dataset=moons", "data.n_train=128", "data.n_test=32", "model.hidden='16,16'", "n_ipf=1"],
  ...[
    "first_num_iter=6",
    "num_iter=6",
    "first_coupling=ref",
    "checkpoint_stride=3",
    "cache=disk",
    "LOGGER=CSV",
    ...smallOptions,
  ],
];
const images = [
  ...[
    "dataset=synthetic",
    "model.dropout=0.1",
    "first_coupling=ref",
    "first_num_iter=4",
    "num_iter=4",
    "n_ipf=1",
  ],
  ...[
    "cache_batch_size=16",
    "cache_refresh_stride=2",
    "test_npar=16",
    "plot_npar=16",
    "plot_npar_path=4",
  ],
  ...[
    "checkpoint_stride=2",
    "gif_stride=4",
    "metrics.judge=false",
    "LOGGER=JSONL",
    ...smallOptions,
  ],
];
const fit = [
  ...["source.csv", "target.csv", "max_minutes=null", "first_num_iter=6", "num_iter=6", "n_ipf=1"],
  ...["num_steps=3", "batch_size=16", "cache_npar=32", "threads=1", "seed=7"],
];

const course = [
  ...["fit", "course.csv", "time=day", "method=sf2m", "model.hidden=16,16", "max_minutes=null"],
  ...["first_num_iter=6", "num_iter=6", "num_steps=3", "batch_size=16", "threads=1", "seed=7"],
];

/** A run that others read, in the folder of a command; made before it is tortured. */
export const madeRun = ["train", ...vectors, "experiments_dir=made"];

/** What is typed, in a folder of its own; `before` is typed there first, untouched. */
export const commands = {
  vectors: { words: ["train", ...vectors, "experiments_dir=runs"] },
  images: { words: ["train", ...images, "experiments_dir=runs"] },
  sweep: {
    words: [
      "train",
      "-m",
      ...vectors.filter((word) => word !== "seed=7"),
      "seed=7,8",
      "launcher=local",
      "experiments_dir=runs",
    ],
  },
  fit: { words: ["fit", ...fit, "experiments_dir=runs"] },
  sample: {
    before: madeRun,
    words: ["sample", "made", "new.csv", "out.csv", "direction=f", "overwrite=true", "threads=1"],
  },
  export: { before: madeRun, words: ["export", "made", "models", "overwrite=true"] },
  leave: { words: [...course, "loo=true", "experiments_dir=runs"] },
  annotate: {
    before: [...course, "experiments_dir=made"],
    words: ["annotate", "made", "course.csv", "notes.csv", "overwrite=true", "threads=1"],
  },
  report: { before: madeRun, words: ["evaluate", "made", "n=32", "threads=1"] },
};

/**
 * Makes the folder of a command.
 * @throws where what is typed before fails.
 */
async function prepare(name, folder) {
  mkdirSync(folder, { recursive: true });
  const row = (i, a) => `${Math.sin(i + a).toFixed(4)},${Math.cos(3 * i + a).toFixed(4)}`;
  const table = (a, n = 40) =>
    `x0,x1\n${Array.from({ length: n }, (_, i) => row(i, a)).join("\n")}\n`;
  writeFileSync(join(folder, "source.csv"), table(0));
  writeFileSync(join(folder, "target.csv"), table(2));
  const days = [0, 1, 2].flatMap((day) =>
    Array.from({ length: 40 }, (_, i) => `${day},${row(i, day)}`),
  );
  writeFileSync(join(folder, "course.csv"), `day,x0,x1\n${days.join("\n")}\n`);
  writeFileSync(join(folder, "new.csv"), table(1).replace("x0,x1", "c0,c1"));
  const { before } = commands[name];
  if (!before) return;
  const ended = await type(before, { folder });
  if (ended.code !== 0) throw new Error(`${before.join(" ")} failed untouched: ${endOf(ended)}`);
}

/**
 * A command's folder below `root`, made by `fresh`, with the outcome and the milliseconds of an untouched run, whole
 * (`took`) and up to its first file (`first`).
 * @throws if that fails.
 */
export async function untouchedRun(name, root) {
  const { words } = commands[name];
  const ready = join(root, `${name}-ready`);
  await prepare(name, ready);
  const folder = join(root, name);
  const remove = (...folders) => {
    for (const one of folders) rmSync(one, { recursive: true, force: true });
  };
  const fresh = () => {
    remove(folder);
    cpSync(ready, folder, { recursive: true, preserveTimestamps: true });
  };
  fresh();
  const began = performance.now();
  const ended = await type(words, { folder, watch: true });
  if (ended.code !== 0) throw new Error(`${name} failed untouched: ${endOf(ended)}`);
  const took = performance.now() - began;
  const expected = outcomeOf(folder);
  const first = ended.first ?? took;
  return { words, folder, fresh, expected, took, first, remove: () => remove(ready, folder) };
}

/**
 * Types a command in a folder; `kill` after so many milliseconds, with `watch` counted from its
 * first file there. Resolves to its end, its stderr and the end of its stdout, and with `watch` the
 * milliseconds up to that file (`first`).
 */
export function type(words, { folder, env = {}, kill = null, watch = false }) {
  return new Promise((done) => {
    const began = Date.now();
    const child = spawn(process.execPath, [program, ...words], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, OMP_NUM_THREADS: "1", DSBM_CORES: "1", ...env },
    });
    let [said, shown] = ["", ""];
    child.stdout.on("data", (text) => {
      shown = (shown + text).slice(-1000);
    });
    child.stderr.on("data", (text) => {
      said += text;
    });
    let first = null;
    let timer = null;
    const start = () => {
      if (kill !== null) timer = setTimeout(() => child.kill("SIGKILL"), kill);
    };
    if (!watch) start();
    const look = setInterval(() => {
      if (!watch || first !== null || lastWritten(folder, began) === null) return;
      first = Date.now() - began;
      start();
    }, 20);
    child.on("close", (code, signal) => {
      clearInterval(look);
      clearTimeout(timer);
      done({ code, signal, said, shown, first });
    });
  });
}

/** The end of a command's output. */
export const endOf = ({ said, shown }) => (said.trim() || shown.trim()).slice(-300);

/** The path below a folder of the file that was written last since a moment; null for none. */
export function lastWritten(folder, since) {
  let found = { at: since, path: null };
  try {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const entry of names.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
      if (mtimeMs >= found.at) found = { at: mtimeMs, path: relative(folder, path) };
    }
    return found.path;
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return lastWritten(folder, since); // a folder was removed meanwhile
  }
}

/** Files whose content tells times or the machine; that they are there is compared. */
const ofTheClock =
  /(^|\/)(run\.json|manifest\.jsonl?|report\.html|choices\.json|journal\.jsonl|sweep\.json|log\.txt|.*\.(svg|sh|log))$/;

/** Every file below a folder by its path, with a digest of what does not depend on the clock. */
export function outcomeOf(folder, below = "") {
  const found = {};
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const name = join(below, entry.name);
    if (entry.isDirectory()) Object.assign(found, outcomeOf(folder, name));
    else {
      const isPlain = entry.isFile() && !ofTheClock.test(name);
      found[name] = isPlain ? digest(join(folder, name)) : "there";
    }
  }
  return found;
}

function digest(path) {
  const bytes = readFileSync(path);
  const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 16);
  if (path.endsWith(".csv")) return hash(withoutTimes(bytes.toString()));
  if (path.endsWith(".jsonl"))
    return hash(bytes.toString().replaceAll(/"[^"]*(rate|seconds)[^"]*":[^,}]*/g, ""));
  return hash(bytes);
}

/** A table without the columns of times and rates. */
function withoutTimes(text) {
  const rows = text
    .trimEnd()
    .split("\n")
    .map((row) => row.split(","));
  const kept = rows[0].map((column) => !/seconds|rate/.test(column));
  return rows.map((row) => row.filter((_, i) => kept[i]).join()).join("\n");
}

/** The paths whose outcome differs. */
export function differences(expected, found) {
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])].filter(
    (name) => expected[name] !== found[name],
  );
}
