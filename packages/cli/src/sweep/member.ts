// What a launcher needs to know of a member of a sweep, whatever it trains.
import { fileURLToPath } from "node:url";

export interface SweepMember {
  /** What people call it. */
  label: string;
  /** Its words behind the command. */
  words: string[];
  /** The command line of this member alone. */
  args: string[];
  folder: string;
  seed: number;
  /** As the key says: cpu, cuda, cuda:1. */
  device: string;
  /** Processes of the run. */
  nproc: number;
  /** Whether there is nothing to do. Throws where there can be no such run. */
  finished: () => boolean;
}

/** The same beside its number in the sweep's manifest. */
export interface NumberedMember extends SweepMember {
  number: number;
}

/** The program that runs a member's command line: node, and the door behind it. */
export const program: string = fileURLToPath(new URL("../../bin/dsbm.mjs", import.meta.url));
