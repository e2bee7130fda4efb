// Splits the words of a command line into overrides and the switches that Hydra has too. All errors in them are reported
// at once.

import { ConfigError, mapReportingAll, quote } from "../errors.js";
import { nearest } from "../nearest.js";
import { type Override, parseOverride } from "./override.js";

export interface Argv {
  overrides: Override[];
  multirun: boolean;
  help: boolean;
}

const SWITCHES: Record<string, "multirun" | "help"> = {
  "-m": "multirun",
  "--multirun": "multirun",
  "-h": "help",
  "--help": "help",
};

/**
 * Splits argv tokens into overrides and the switches -m/--multirun and -h/--help.
 * Throws ConfigError "syntax" or "option" with one line for each token that cannot be read.
 */
export function parseArgv(tokens: readonly string[]): Argv {
  const argv: Argv = { overrides: [], multirun: false, help: false };
  mapReportingAll(tokens, (token) => {
    const name = SWITCHES[token];
    if (name !== undefined) argv[name] = true;
    else if (token.startsWith("-")) throw unknownOption(token);
    else argv.overrides.push(parseOverride(token));
  });
  return argv;
}

function unknownOption(token: string): ConfigError {
  const setting = /^--?([A-Za-z]\w*)=/.exec(token)?.[1];
  const near = nearest(token, Object.keys(SWITCHES));
  let cure = `the options are ${Object.keys(SWITCHES).join(", ")}; settings are written key=value`;
  if (setting !== undefined) cure = `settings have no dashes: write ${token.replace(/^-+/, "")}`;
  else if (near !== undefined) cure = `did you mean ${near}?`;
  return new ConfigError("option", `unknown option ${quote(token)}: ${cure}`);
}
