import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve as absolute, join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { startStudio } from "@dsbm/studio";
import { program } from "../machine/program.js";
import { printHelp } from "../terminal/columns.js";

const help = `usage: dsbm studio [FOLDER] [port=…] [--no-settings]

Show the runs below FOLDER (default: experiments) on a page of this machine: a table of runs, each run live, and
trained bridges to play with. The printed address holds a token; anyone with the address can read the runs.

port=N   the port (default: 4747, or any other if 4747 is taken)
--no-settings   write nothing below your home folder: exported bridges, otherwise kept in ~/.config/dsbm/studio, are
                forgotten at the end

Ctrl-C ends it.`;

const noSettingsWord = "--no-settings";
const exportWord = "--export";

/** Returns the exit code. Throws ConfigError, and RunError for a missing folder. */
export async function studioCommand(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    printHelp(help);
    return 0;
  }
  if (args[0] === exportWord) return exportHere(args.slice(1));
  const { folder, port } = wordsOf(args);
  if (!existsSync(folder))
    throw new ConfigError(
      "usage",
      `there is no folder ${folder}: give the folder of your runs (npx dsbm studio FOLDER)`,
    );
  const exporter = [process.execPath, program, "studio", exportWord];
  const settings = args.includes(noSettingsWord)
    ? mkdtempSync(join(tmpdir(), "dsbm-studio-"))
    : undefined;
  const studio = await startStudio({
    folder,
    exporter,
    ...(settings !== undefined && { settings }),
    ...(port !== undefined && { port }),
  });
  console.log(`studio of ${absolute(folder)}: ${studio.address}\nCtrl-C ends it`);
  await new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => done());
  });
  await studio.close();
  if (settings !== undefined) rmSync(settings, { recursive: true, force: true });
  return 0;
}

async function exportHere([run = "", out = ""]: readonly string[]): Promise<number> {
  const { exportForPlay } = await import("@dsbm/export");
  await exportForPlay(run, out, { update() {}, line: console.error, done() {} });
  return 0;
}

function wordsOf(args: readonly string[]) {
  const settings = args.filter((word) => /^port=/.test(word));
  const others = args.filter((word) => word !== noSettingsWord && !settings.includes(word));
  const [folder = "experiments", ...more] = others;
  const odd = more[0] ?? (folder.startsWith("-") ? folder : undefined);
  if (odd !== undefined)
    throw new ConfigError(
      "usage",
      `dsbm studio does not know "${odd}": write dsbm studio [FOLDER] [port=…] [--no-settings]`,
    );
  const text = settings.at(-1)?.slice("port=".length);
  const port = text === undefined ? undefined : Number(text);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1024 && port <= 65_535))
    throw new ConfigError("usage", `port is ${text}: give a number from 1024 to 65535`);
  return { folder, port };
}
