// What a launcher needs to know of a member of a sweep.
import type { Member } from "@dsbm/config";

export interface SweepMember {
  /** Its name in messages. */
  label: string;
  overrides: Member<unknown>["overrides"];
  /** The command line of this member alone. */
  args: string[];
  folder: string;
  seed: number;
  /** As the key says: cpu, cuda, cuda:1. */
  device: string;
  /** Processes of the run. */
  nproc: number;
  /** Whether it is done already. Throws where there can be no such run. */
  finished: () => boolean;
}

/** With its number in the sweep's manifest. */
export interface NumberedMember extends SweepMember {
  number: number;
}
