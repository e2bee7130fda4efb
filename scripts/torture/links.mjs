// Run folders of strangers with links that lead outside: each command refuses them, and what they lead to stays as it is.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { endOf, madeRun, outcomeOf, type } from "./commands.mjs";

const files = [
  "log.txt",
  "manifest.jsonl",
  "results.csv",
  "metrics.jsonl",
  "quality.json",
  "report.html",
];
const folders = [
  "figures",
  "samples",
  "models",
  "checkpoints",
  "cache",
  "test",
  "tensorboard",
  "previous",
];

/** Types commands over a run with each of the links. Returns how many were typed, and a line for each that was wrong. */
export async function links({ say = () => {} } = {}) {
  const root = mkdtempSync(join(tmpdir(), "dsbm-links-"));
  const wrong = [];
  let typed = 0;
  try {
    const ended = await type(madeRun, { folder: root });
    if (ended.code !== 0) throw new Error(`${madeRun.join(" ")} failed untouched: ${endOf(ended)}`);
    const printed = /results: +(\S+)\/results\.csv/.exec(ended.shown)?.[1];
    if (!printed) throw new Error(`no run in: ${ended.shown}`);
    const run = relative(realpathSync(root), printed); // a copy of the folder has the run at the same place
    const commands = [
      [...madeRun, "--again"],
      [...madeRun, "test_npar=16"],
      ["evaluate", run, "n=16", "metrics=sliced_w2", "threads=1"],
      ["test", run, "test_npar=16", "test_ode_sampler=false", "threads=1"],
      ["extend", run, "+1"],
    ];
    const outside = join(root, "outside");
    for (const name of [...files, ...folders])
      for (const words of commands) {
        const place = join(root, "stranger");
        rmSync(place, { recursive: true, force: true });
        cpSync(join(root, "made"), join(place, "made"), { recursive: true });
        mkdirSync(outside, { recursive: true });
        writeFileSync(join(outside, "1_b.safetensors"), "kept");
        const before = outcomeOf(outside);
        const link = join(place, run, name);
        rmSync(link, { recursive: true, force: true });
        mkdirSync(dirname(link), { recursive: true });
        symlinkSync(folders.includes(name) ? outside : join(outside, "1_b.safetensors"), link);
        const found = await type(words, { folder: place });
        typed++;
        const isFinished = found.code === 0 && words[0] === "train" && !words.includes("--again");
        if (JSON.stringify(outcomeOf(outside)) !== JSON.stringify(before))
          wrong.push(`${name} × ${words[0]}: the file outside has changed`);
        if (found.code === 0 && !isFinished) wrong.push(`${name} × ${words[0]}: code 0`);
      }
    say(`links: ${typed} commands`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return { typed, wrong };
}
