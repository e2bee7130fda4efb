// What the program `dsbm` does for a studio: it reads options, and its commands do the work.
import { shellWord } from "@dsbm/files";
import type { RunRequest } from "@dsbm/runs";

/** A `dsbm fit` as a page asks for it. */
export interface FitCommand {
  /** Its arguments, the command first. */
  words: string[];
  /** The absolute paths of its run folders, several of a sweep; null if the data decide them. */
  folders: string[] | null;
}

/** The program that does the work of a studio. */
export interface StudioProgram {
  /** The file of the program, and its arguments before a command. */
  program: readonly string[];
  /** The options of `fit` that a page may give: none names a file, a folder or code. */
  fitKeys: readonly string[];
  /**
   * A fit of files, with options as typed, whose runs are below `root`. Several values of an option are a sweep.
   * @throws {UserError} for an option of no page, and for an invalid one.
   */
  fit(
    root: string,
    files: readonly string[],
    options: Readonly<Record<string, string>>,
  ): FitCommand;
  /** The options of the fit that began a run, as typed. */
  options(request: RunRequest): Record<string, string>;
  /**
   * The fit that began a run.
   * @throws {UserError} if no page could have given it.
   */
  resume(root: string, request: RunRequest): FitCommand;
  /** "key=value" in the grammar of the command line. */
  setting(key: string, value: string): string;
}

/** The command as a user types it. */
export const commandText = (words: readonly string[]): string =>
  ["npx dsbm", ...words.map(shellWord)].join(" ");
