// The program: finds the command, runs it, and turns errors into one line and an exit code.
import { nearest } from "@dsbm/config";
import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { version } from "./machine/version.js";
import { describeError, UsageError } from "./terminal/errors.js";

/** Loads a command when it is called: it gets its words unchanged and returns the exit code. */
type Load = () => Promise<(args: string[]) => Promise<number>>;

const commands: Record<string, [about: string, load: Load]> = {
  fit: [
    "Train a bridge between two data sets of your own, with choices made from the data (SOURCE TARGET key=value …)",
    async () => (await import("./command/fit.js")).fitCommand,
  ],
  gaussian: [
    "Train and evaluate a bridge between two Gaussians (key=value …, -m for sweeps)",
    async () => (await import("./command/train.js")).gaussianCommand,
  ],
  train: [
    "Train a bridge between two data sets (dataset=… method=… model=… key=value …, -m for sweeps)",
    async () => (await import("./command/train.js")).trainCommand,
  ],
  sample: [
    "Apply a trained bridge to new samples (RUN NEW OUT key=value …)",
    async () => (await import("./command/sample.js")).sampleCommand,
  ],
  export: [
    "A trained bridge as ONNX models, or one model, for programs without dsbm (RUN OUT key=value …)",
    async () => (await import("./command/export.js")).exportCommand,
  ],
  evaluate: [
    "Measure how good the bridge of a run is, each metric beside floor and ceiling (RUN key=value …)",
    async () => (await import("./command/evaluate.js")).evaluateCommand,
  ],
  test: [
    "Evaluate a trained run again, by its SDE and its probability-flow ODE (the words of the run, key=value …)",
    async () => (await import("./command/test.js")).testCommand,
  ],
  sweep: [
    "Show the state and the results of a sweep (status DIR, table DIR)",
    async () => (await import("./command/sweep.js")).sweepCommand,
  ],
  studio: [
    "Show the runs of a folder on a page of this machine ([FOLDER], --open)",
    async () => (await import("./command/studio.js")).studioCommand,
  ],
  start: [
    "The main job: bridges between handwritten digits, and one beside its exact answer",
    async () => (await import("./command/start.js")).start,
  ],
  gallery: [
    "Pictures and pages of trained bridges: points, digits, fields, and runs of your own (key=value …)",
    async () => (await import("./command/gallery.js")).galleryCommand,
  ],
  doctor: [
    "Check this machine: versions, BLAS, threads and devices, and how to fix what is wrong",
    async () => (await import("./command/doctor.js")).doctor,
  ],
};

const subCommands: Record<string, CommandDef> = Object.fromEntries(
  Object.entries(commands).map(([name, [description, load]]) => [
    name,
    defineCommand({
      meta: { name, description },
      run: async ({ rawArgs }) => (await load())(rawArgs),
    }),
  ]),
);

const program = defineCommand({
  meta: {
    name: "dsbm",
    version,
    description: "Schrödinger bridges between two data distributions",
  },
  subCommands,
});

/** Runs a command line (without the program's name) and returns the exit code; prints errors itself. */
export async function main(args: string[]): Promise<number> {
  try {
    const [name, ...rest] = args;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      console.log(await renderUsage(program));
      return name === undefined ? 2 : 0;
    }
    if (name === "--version" || name === "-v") {
      console.log(version);
      return 0;
    }
    const found = Object.hasOwn(subCommands, name) ? subCommands[name] : undefined;
    if (!found) {
      const names = Object.keys(subCommands);
      const near = nearest(name, names);
      throw new UsageError(
        `unknown command "${name}"${near ? `: did you mean "${near}"?` : ""} (commands: ${names.join(", ")})`,
      );
    }
    const { result } = await runCommand(found, { rawArgs: rest });
    return result as number;
  } catch (error) {
    console.error(describeError(error));
    return error instanceof UsageError || (error instanceof Error && error.name === "ConfigError")
      ? 2
      : 1;
  }
}
