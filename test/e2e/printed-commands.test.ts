// Commands that dsbm prints for copying are quoted for a shell: each is run by sh as it stands, in folders and with values
// whose names a shell would take apart.
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import {
  dsbm,
  expectLine,
  folderIn,
  type Outcome,
  program,
  scratch,
  smallGaussian,
  stopAt,
  succeed,
} from "./cli.js";

const bin = scratch();
const folder = join(scratch(), `it's "$HOME" (a) & b`);
/** A value as dsbm reads it: text with such signs has quotes of its own. */
const experiments = (name: string) => `experiments_dir="${name} $HOME's (a)"`;

beforeAll(() => {
  mkdirSync(folder);
  // npx of a folder in which dsbm is installed.
  writeFileSync(
    join(bin, "npx"),
    `#!/bin/sh\nshift\nexec '${process.execPath}' '${program}' "$@"\n`,
  );
  chmodSync(join(bin, "npx"), 0o755);
});

/** Runs a line as a shell does. */
function sh(line: string): Promise<Outcome> {
  const PATH = `${bin}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, OMP_NUM_THREADS: "1", DSBM_CORES: "2" };
  return new Promise((resolve) => {
    const child = execFile("sh", ["-c", line], { cwd: folder, env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });
}

/** Runs the command that a text holds, and expects it to end well. */
async function run(text: string, command: RegExp, more = ""): Promise<Outcome> {
  const found = command.exec(text)?.[1];
  expect(found, text).toBeDefined();
  const ended = await sh(`${found}${more}`);
  expect(ended.code, `${found}\n${ended.stderr}`).toBe(0);
  return ended;
}

it("of a run: resuming, a longer run, and the commands of its page", async () => {
  const words = [
    ...smallGaussian,
    "inner_iters=300",
    "outer_iters=1",
    "plot_level=0",
    experiments("runs"),
  ];
  const stopped = await stopAt(["gaussian", ...words], /\/300 /, { cwd: folder });
  expect(stopped.code, stopped.stderr).toBe(130);
  const goOn = /to resume: (npx dsbm gaussian .*)/;
  const ended = await run(stopped.stderr, goOn);
  expect(ended.stderr).toContain("resuming from checkpoint");
  const again = await succeed(["gaussian", ...words], { cwd: folder });
  await run(again.stdout, /(npx dsbm extend .* \+2) makes it longer/);
  const place = folderIn(ended.stdout);
  const page = readFileSync(join(place, "report.html"), "utf8");
  const [section = ""] = /<section id="commands">.*?<\/section>/s.exec(page) ?? [];
  const commands = section
    .replaceAll("<wbr>", "")
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
  const sampled = await run(
    commands,
    /(npx dsbm sample .*) NEW OUT direction=f/,
    " gaussian:5 'o $.csv'",
  );
  expect(sampled.stdout).toContain("samples: 5");
});

it("of a fit: sampling, and measuring a damaged quality.json again", async () => {
  const rows = (shift: number) =>
    `x,y\n${Array.from({ length: 100 }, (_, i) => `${((i * 0.618) % 1) + shift},${(i * 0.414) % 1}`).join("\n")}\n`;
  const [a, b] = ["a $(b).csv", "it's & b.csv"];
  for (const [i, name] of [a, b].entries()) writeFileSync(join(folder, name), rows(i));
  const few = [
    "max_minutes=null",
    "num_iter=30",
    "first_num_iter=30",
    "model.hidden=[8]",
    "n_ipf=1",
    "num_steps=4",
    "test_npar=20",
  ];
  const words = [
    "fit",
    a,
    b,
    ...few,
    "cache_npar=200",
    "plot_level=0",
    "threads=1",
    experiments("fits"),
  ];
  const fitted = await succeed(words, { cwd: folder });
  const sampled = await run(
    fitted.stdout,
    /(npx dsbm sample .*) NEW OUT direction=f/,
    ` '${a}' out.csv`,
  );
  expect(sampled.stdout).toContain("samples: 100");

  const place = /report: +(.*)\/report\.html/.exec(fitted.stdout)?.[1] as string;
  writeFileSync(join(place, "quality.json"), "{");
  const refused = await dsbm(words, { cwd: folder });
  expect(refused.code).not.toBe(0);
  expectLine(refused.stderr, ["quality.json"]);
  await run(refused.stderr, /(npx dsbm evaluate .*)/);
  await succeed(words, { cwd: folder });
});
