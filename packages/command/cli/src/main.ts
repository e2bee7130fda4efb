import { describeError, exitCodeOf } from "@dsbm/config/errors";
import { alignColumns, printable } from "@dsbm/files";
import { version } from "@dsbm/runs/process";
import { printHelp } from "./terminal/columns.js";

type Load = () => Promise<(args: string[], began: number) => Promise<number>>;

const commands: Record<string, [about: string, load: Load]> = {
  fit: [
    "Train a bridge between your own datasets, with options chosen from the data (SOURCE TARGET key=value …)",
    async () => (await import("./command/fit.js")).fitCommand,
  ],
  train: [
    "Train a bridge between two datasets (dataset=… method=… model=… key=value …, -m for sweeps)",
    async () => (await import("./command/experiment.js")).trainCommand,
  ],
  gaussian: [
    "Train a bridge between two Gaussians and compare it with the exact bridge (key=value …, -m for sweeps)",
    async () => (await import("./command/experiment.js")).gaussianCommand,
  ],
  extend: [
    "Make a run longer (RUN +N, half_iterations=…)",
    async () => (await import("./command/extend.js")).extendCommand,
  ],
  distill: [
    "Train a run that samples in one to four steps from a trained run (RUN steps=4 key=value …)",
    async () => (await import("./command/distill.js")).distillCommand,
  ],
  sample: [
    "Apply a trained bridge to new samples (RUN NEW OUT key=value …)",
    async () => (await import("./command/sample.js")).sampleCommand,
  ],
  annotate: [
    "Add velocities, later states and fates to a table (RUN NEW OUT key=value …)",
    async () => (await import("./command/sample.js")).annotateCommand,
  ],
  evaluate: [
    "Evaluate the bridge of a run, each metric with floor and ceiling (RUN key=value …)",
    async () => (await import("./command/evaluate.js")).evaluateCommand,
  ],
  compare: [
    "Compare samples of any program with data (TARGET GENERATED key=value …)",
    async () => (await import("./command/evaluate.js")).compareCommand,
  ],
  test: [
    "Evaluate a run again, by its SDE and its probability-flow ODE (RUN, or the options of the run, key=value …)",
    async () => (await import("./command/test.js")).testCommand,
  ],
  export: [
    "Export a trained bridge as ONNX models, one model or a page, for programs without dsbm (RUN OUT key=value …)",
    async () => (await import("./command/export.js")).exportCommand,
  ],
  look: [
    "Show the columns of a table: types, missing values, means and ranges (FILE)",
    async () => (await import("./command/look.js")).lookCommand,
  ],
  runs: [
    "List runs, the newest first ([DIR])",
    async () => (await import("./command/runs.js")).runsCommand,
  ],
  studio: [
    "Train, compare and use bridges on a page of this machine ([FOLDER])",
    async () => (await import("./command/studio.js")).studioCommand,
  ],
  sweep: [
    "Show the state and the results of a sweep (status DIR, table DIR)",
    async () => (await import("./command/sweep.js")).sweepCommand,
  ],
  doctor: [
    "Check this machine: versions, BLAS, threads and devices, and how to fix problems",
    async () => (await import("./command/doctor.js")).doctor,
  ],
};

/** The first command below each heading. */
const headings: Record<string, string> = { fit: "Train", sample: "Use and measure", look: "Look" };

function overview(): string {
  const names = Object.keys(commands);
  const lines = alignColumns(
    Object.entries(commands).map(([name, [about]]) => [`  ${name}`, about]),
  );
  const rows = lines.map((line, i) => {
    const heading = headings[names[i]];
    return heading === undefined ? line : `\n${heading}\n${line}`;
  });
  return [
    `dsbm ${version}: Schrödinger bridges between two data distributions`,
    `usage: dsbm COMMAND [arguments]\n${rows.join("\n")}`,
    "dsbm COMMAND --help shows the arguments of a command.\nTo begin: dsbm fit SOURCE TARGET (two tables, or two folders of images); without files: dsbm train dataset=moons",
  ].join("\n\n");
}

/** @throws {ConfigError} that names the closest command. */
async function commandOf(name: string): Promise<Load> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load) return load[1];
  const { ConfigError } = await import("@dsbm/config");
  const { nearestName } = await import("@dsbm/files");
  const names = Object.keys(commands);
  const near = nearestName(name, names);
  throw new ConfigError(
    `unknown command "${name}"${near ? `: did you mean "${near}"?` : ""} (commands: ${names.join(", ")})`,
  );
}

/** Runs a command line (without the program's name) that began at this second of the process; prints errors and returns the exit code. */
export async function main(args: string[], began = performance.now() / 1000): Promise<number> {
  outliveReaders();
  try {
    const [name, ...rest] = args[0] === "help" && args[1] ? [args[1], "--help"] : args;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      printHelp(overview());
      return name === undefined ? 2 : 0;
    }
    if (name === "--version" || name === "-v") {
      console.log(version);
      return 0;
    }
    const run = await (await commandOf(name))();
    const code = await run(rest, began);
    const { isStopCode, stoppedCode } = await import("@dsbm/runs");
    return isStopCode(code) ? stoppedCode() : code;
  } catch (error) {
    // A signal outside training: while data are read, or distances are computed.
    if (error instanceof Error && error.name === "AbortError") {
      const { stoppedCode } = await import("@dsbm/runs");
      console.error("dsbm: stopped; the same command resumes");
      return stoppedCode();
    }
    console.error(describeError(error));
    return exitCodeOf(error);
  }
}

let listens = false;

/** Listens to both streams, and prevents names in data from controlling the terminal. */
function outliveReaders(): void {
  if (listens) return;
  listens = true;
  for (const method of ["log", "error"] as const) {
    const print = console[method].bind(console);
    console[method] = (...values) =>
      print(...values.map((value) => (typeof value === "string" ? printable(value) : value)));
  }
  // Without a listener an error of a stream ends the process with a stack trace.
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `dsbm … | head` has its lines.
    if (error.code === "EPIPE") return;
    console.error(`dsbm: cannot print the result: ${error.message}`);
    process.exitCode = 1;
  });
}
