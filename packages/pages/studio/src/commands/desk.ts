// Places of requests, and their jobs. A path of a request is a path below the folder, without links.
import { join } from "node:path";
import { RunError } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import { baseFolder } from "../runs/base-folder.js";
import { outputsFolder } from "../runs/outputs.js";
import type { RunTable } from "../runs/table.js";
import type { JobView } from "../shared/api.js";
import type { Jobs } from "./jobs.js";
import { commandText, type StudioProgram } from "./requests.js";

/** What requests that write work with. */
export class Desk {
  constructor(
    readonly folder: Folder,
    readonly table: RunTable,
    readonly jobs: Jobs,
    readonly program: StudioProgram,
  ) {}

  /**
   * The absolute path of a file or folder.
   * @throws {RunError} if it is not there.
   */
  placeOf(file: string): string {
    if (!this.folder.stat(file))
      throw new RunError("not_found", `there is no ${file} in the folder`);
    return this.folder.resolve(file);
  }

  /**
   * The absolute path of a run that a command may change.
   * @throws {RunError}
   */
  runPlace(run: string): string {
    if (!this.table.row(run)) throw new RunError("not_found", `there is no run ${run}`);
    this.folder.refuseLinks(run);
    return this.folder.resolve(run);
  }

  /**
   * The absolute path of an output of a run, in an existing folder.
   * @throws {RunError}
   */
  outputPlace(run: string, name: string): string {
    this.runPlace(run);
    return join(this.folder.makeFolder(pathBelow(run, outputsFolder)), name);
  }

  /**
   * Starts a command on a run, in the folder from which it reads its data.
   * @throws {RunError} while another one works.
   */
  startOn(run: string, words: readonly string[]): JobView | null {
    const cwd = baseFolder(this.folder, run);
    return this.jobs.start({ words, text: commandText(words), runs: [run], cwd });
  }

  /**
   * Starts a command.
   * @throws {RunError} while another one works.
   */
  start(runs: readonly string[], words: readonly string[]): JobView | null {
    return this.jobs.start({ words, text: commandText(words), runs });
  }
}
