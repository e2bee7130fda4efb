// Runs and exports of this version, small, for test/corpus/<version>: every later version must read them (corpus.test.ts).
//   node scripts/corpus.mjs      makes the folder of the version of package.json; a folder that exists stays as it is
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { repo } from "./setup/stamp.mjs";

const program = join(repo, "packages/command/cli/bin/dsbm.mjs");
const { version } = JSON.parse(
  readFileSync(join(repo, "packages/command/cli/package.json"), "utf8"),
);

const shortTraining = [
  "num_steps=4",
  "batch_size=16",
  "cache_npar=32",
  "n_ipf=1",
  "first_num_iter=6",
  "num_iter=6",
];
const commonOptions = [
  ...shortTraining,
  "threads=1",
  "seed=7",
  "plot_level=0",
  "experiments_dir=runs",
  "model.hidden='8,8'",
];
const moons = ["train", "dataset=moons", "data.n_train=64", "data.n_test=32", ...commonOptions];
const tables = ["fit", "source.csv", "target.csv", "max_minutes=null", ...commonOptions];

/** What is typed for each run. */
const commands = {
  dsbm: [...moons, "first_coupling=ref"],
  lightsb: [...moons, "method=lightsb"],
  flow: [...moons, "method=otcfm"],
  tables: [...tables, "data.exclude=kind"],
  conditions: [...tables, "data.condition=kind"],
};

/** Files that no command reads again. */
const droppable = ["checkpoints", "figures", "report.html", "log.txt"];

/**
 * Types a command in a folder.
 * @throws its output if it fails.
 */
function type(words, folder) {
  const env = { ...process.env, DSBM_CORES: "1" };
  const options = { cwd: folder, env, encoding: "utf8" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], options);
  if (status !== 0) throw new Error(`dsbm ${words.join(" ")}: ${stderr || stdout}`);
  return stdout;
}

/** A table of two columns in units of their own, and a class. */
function table(shift) {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const [a, b] = [Math.sin(i + shift), Math.cos(3 * i + shift)];
    return `${(1000 + 50 * a).toFixed(2)},${(0.02 * b + 0.1).toFixed(5)},${i % 2 ? "odd" : "even"}`;
  });
  return `length,share,kind\n${rows.join("\n")}\n`;
}

function makeCorpus(corpusFolder) {
  const work = mkdtempSync(join(tmpdir(), "dsbm-corpus-"));
  try {
    for (const [name, shift] of Object.entries({ source: 0, target: 2, new: 1 }))
      writeFileSync(join(work, `${name}.csv`), table(shift));
    const planar = Array.from(
      { length: 12 },
      (_, i) => `${Math.sin(i).toFixed(4)},${Math.cos(i).toFixed(4)}`,
    );
    writeFileSync(join(work, "planar.csv"), `x0,x1\n${planar.join("\n")}\n`);
    for (const [name, words] of Object.entries(commands)) {
      const printed = type(words, work);
      const run = /(\S+)\/(?:report\.html|results\.csv)\n/.exec(printed)?.[1];
      if (!run) throw new Error(`no folder of a run in: ${printed}`);
      cpSync(run, join(work, name), { recursive: true });
      for (const file of droppable)
        rmSync(join(work, name, file), { recursive: true, force: true });
      const rows = words[0] === "fit" ? "new.csv" : "planar.csv";
      type(
        ["sample", name, rows, `${name}-expected.csv`, "direction=f", "seed=3", "threads=1"],
        work,
      );
      type(["export", name, `${name}-export`], work);
      for (const file of ["sample.py", "README.md"]) rmSync(join(work, `${name}-export`, file));
    }
    for (const folder of ["runs", "data"])
      rmSync(join(work, folder), { recursive: true, force: true });
    mkdirSync(join(corpusFolder, ".."), { recursive: true });
    cpSync(work, corpusFolder, { recursive: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const corpusFolder = join(repo, "test/corpus", version);
if (existsSync(corpusFolder))
  console.log(`${corpusFolder} is there: runs of a version are made once`);
else {
  makeCorpus(corpusFolder);
  console.log(`made ${corpusFolder}`);
}
