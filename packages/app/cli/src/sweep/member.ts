import type { Member } from "@dsbm/config";

export interface SweepMember {
  label: string;
  overrides: Member<unknown>["overrides"];
  args: string[];
  folder: string;
  seed: number;
  /** As the key says: cpu, cuda, cuda:1. */
  device: string;
  nproc: number;
  /** Whether it is finished. Throws if no such run is possible. */
  finished: () => boolean;
}

export interface NumberedMember extends SweepMember {
  number: number;
}
