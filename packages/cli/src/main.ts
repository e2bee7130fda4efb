// The door: finds the command, runs it, and turns what goes wrong into one line and an exit code.
import { nearest } from "@dsbm/config";
import { describeError, UsageError } from "./errors.js";
import { version } from "./version.js";

interface Command {
  about: string;
  /** Loaded when it is called: --help and mistakes never wait for libtorch. */
  load: () => Promise<(args: string[]) => Promise<number>>;
}

const commands: Readonly<Record<string, Command>> = {
  gaussian: {
    about: "train and evaluate a bridge between two Gaussians (key=value …, -m for sweeps)",
    load: async () => (await import("./command/gaussian.js")).gaussianCommand,
  },
  start: {
    about: "the main job: a bridge between handwritten digits, and one against its exact answer",
    load: async () => (await import("./command/start.js")).start,
  },
  doctor: {
    about: "what was found on this machine, and what is wrong with the cure",
    load: async () => (await import("./command/doctor.js")).doctor,
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const list = Object.entries(commands).map(
    ([name, { about }]) => `  ${name.padEnd(width)}  ${about}`,
  );
  return [
    "dsbm: Schrödinger bridges between two data distributions",
    "",
    "usage: dsbm COMMAND [key=value …]",
    "",
    ...list,
    "",
    "dsbm COMMAND --help lists a command's keys; dsbm --version tells the version",
  ].join("\n");
}

/** Runs a command line (without the program's name) and returns the exit code; prints errors itself. */
export async function main(args: string[]): Promise<number> {
  try {
    const [name, ...rest] = args;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      console.log(usage());
      return name === undefined ? 2 : 0;
    }
    if (name === "--version" || name === "-v") {
      console.log(version);
      return 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) {
      const near = nearest(name, Object.keys(commands));
      throw new UsageError(
        `unknown command "${name}"${near ? `: did you mean "${near}"?` : ""} (commands: ${Object.keys(commands).join(", ")})`,
      );
    }
    return await (await command.load())(rest);
  } catch (error) {
    console.error(describeError(error));
    return error instanceof UsageError || (error instanceof Error && error.name === "ConfigError")
      ? 2
      : 1;
  }
}
