// `dsbm studio [FOLDER] [port=…] [--open]`: a local page over the runs of a folder.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve as absolute, join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { type Studio, startStudio } from "@dsbm/studio";
import { openBrowser } from "../machine/browser.js";
import { program } from "../machine/program.js";
import { printHelp } from "../terminal/columns.js";

const help = `usage: dsbm studio [FOLDER] [port=…] [--open] [--no-settings]

Show the runs below FOLDER (default: experiments) on a page of this machine: a table of runs, each run live, and
trained bridges to play with. The printed address holds a token; anyone with the address can read the runs.

port=N   the port (default: 4747, or any other if 4747 is taken)
--open   open the page in the browser
--no-settings   write nothing below your home folder: exported bridges, otherwise kept in ~/.config/dsbm/studio, are
                forgotten at the end

Ctrl-C ends it. dsbm fit, train, gaussian and start show their runs in it with --open.`;

const openWord = "--open";
const noSettingsWord = "--no-settings";
const besideWord = "--beside";
const idleMs = 60_000;
const exportWord = "--export";

/** Returns the exit code. Throws ConfigError, and RunError for a missing folder. */
export async function studioCommand(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    printHelp(help);
    return 0;
  }
  if (args[0] === exportWord) return exportHere(args.slice(1));
  const { folder, port, opens, beside, keeps } = wordsOf(args);
  if (!existsSync(folder))
    throw new ConfigError(
      "usage",
      `there is no folder ${folder}: give the folder of your runs (npx dsbm studio FOLDER)`,
    );
  const exporter = [process.execPath, program, "studio", exportWord];
  const settings = keeps ? undefined : mkdtempSync(join(tmpdir(), "dsbm-studio-"));
  const studio = await startStudio({
    folder,
    exporter,
    ...(settings !== undefined && { settings }),
    ...(port !== undefined && { port }),
  });
  const { address } = studio;
  if (beside) {
    // Nobody reads it after the address is printed.
    process.stderr.on("error", () => {});
    process.send?.({ address });
  } else console.log(`studio of ${absolute(folder)}: ${address}\nCtrl-C ends it`);
  if (opens) await openBrowser(address);
  await (beside ? unused(studio) : stopped());
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
  const flags = args.filter((word) => word.startsWith("-"));
  const settings = args.filter((word) => /^\w+=/.test(word));
  const places = args.filter((word) => !flags.includes(word) && !settings.includes(word));
  const odd = [
    ...flags.filter((word) => ![openWord, besideWord, noSettingsWord].includes(word)),
    ...settings.filter((word) => !word.startsWith("port=")),
    ...places.slice(1),
  ][0];
  if (odd !== undefined)
    throw new ConfigError(
      "usage",
      `dsbm studio does not know "${odd}": write dsbm studio [FOLDER] [port=…] [--open] [--no-settings]`,
    );
  const text = settings.at(-1)?.slice("port=".length);
  const port = text === undefined ? undefined : Number(text);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1024 && port <= 65_535))
    throw new ConfigError("usage", `port is ${text}: give a number from 1024 to 65535`);
  const [folder = "experiments"] = places;
  return {
    folder,
    port,
    opens: flags.includes(openWord),
    beside: flags.includes(besideWord),
    keeps: !flags.includes(noSettingsWord),
  };
}

const stopped = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => done());
  });

function unused(studio: Studio): Promise<void> {
  let seen = Date.now();
  return new Promise((done) => {
    process.once("SIGTERM", () => done());
    const timer = setInterval(() => {
      if (studio.pages > 0 || process.connected) seen = Date.now();
      if (Date.now() - seen < idleMs) return;
      clearInterval(timer);
      done();
    }, 1000);
  });
}
