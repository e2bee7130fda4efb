// Runs the parts of `npm start` one after the other, with one line of progress for all of them.
import { resolve } from "node:path";
import { ConfigError, parseOverride } from "@dsbm/config";
import { createInterrupt, createProgress, readRun, runFolder } from "@dsbm/runs";
import { withLog } from "../../packages/command/cli/dist/experiment/run-log.js";
import { TimeLeft } from "../time-left.mjs";

/** The progress of a part as progress of all parts; its other lines go to the log of its run. */
function progressOf(part, { parts, time, screen, folder }) {
  const title = `${parts.indexOf(part) + 2}/${parts.length + 1} ${part.name}`;
  const silent = {
    update: ({ label, step, steps, left }) =>
      screen.update({ label: `${title}: ${label}`, step, steps, left: time.of(part, left ?? 0) }),
    line(text) {
      if (text.startsWith("warning:")) screen.line(text);
    },
    done() {},
  };
  return withLog(silent, folder);
}

const keys = ["seed", "threads", "device", "experiments_dir"];

/**
 * The options of `npm start`.
 * @throws {ConfigError} for other options.
 */
export function readOptions(words) {
  const overrides = words.map(parseOverride);
  const odd = overrides.find(({ key }) => !keys.includes(key));
  if (odd)
    throw new ConfigError(
      `${odd.key}=${odd.text}: npm start takes ${keys.join("=, ")}=; use npx dsbm fit, train or gaussian for other options`,
    );
  return Object.fromEntries(overrides.map(({ key, values }) => [key, values[0]]));
}

const folderOf = ({ name }, { experiments_dir = "experiments", seed = 42 }) =>
  runFolder({ experiments_dir, name: `start_${name}`, overrides: "defaults", seed });

/** What a finished part shows: its result, and the goals that it missed. */
function finish(part, folder, log) {
  const { lines, missed } = part.resultOf(folder, readRun(folder).results);
  log(`\n${part.name}: ${part.about}`);
  for (const line of lines) log(line);
  return missed.map((one) => `${part.name} (${one}; goal: ${part.goal})`);
}

/**
 * Runs `parts` with the user's `overrides`, prints each result, the missed goals in one line, and what to open. Finished
 * parts are not repeated. Returns false if a signal stopped it.
 */
export async function runParts(
  parts,
  overrides,
  { log = console.log, screen = createProgress() } = {},
) {
  const interrupt = createInterrupt();
  const time = new TimeLeft(parts);
  const missed = [];
  const folders = [];
  try {
    for (const part of parts) {
      const folder = folderOf(part, overrides);
      time.begin();
      const state = await part.run({
        folder,
        overrides,
        progress: progressOf(part, { parts, time, screen, folder }),
        signal: interrupt.signal,
        resume: "npm start",
      });
      screen.done();
      if (state === "interrupted") return false;
      if (state === "finished") time.end(part);
      folders.push(folder);
      missed.push(...finish(part, folder, log));
    }
  } finally {
    interrupt.dispose();
  }
  log(
    `\n${missed.length === 0 ? "All parts reached their goals." : `Missed: ${missed.join("; ")}.`}`,
  );
  log("Open one of the reports, or compare the runs with npx dsbm studio:");
  for (const folder of folders) log(`  ${resolve(folder, "report.html")}`);
  return true;
}
