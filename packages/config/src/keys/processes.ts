// Why: every experiment that trains does so in one process or in several, under the same keys; what is learnt does not
// depend on them, up to the order in which numbers are added.

import { z } from "zod";
import { count, positive } from "../schema/kinds.js";

export const processes = {
  nproc: count()
    .default(1)
    .describe("processes on this machine that train together and share each batch"),
  share_batch: z
    .union([z.literal("auto"), z.boolean()])
    .default("auto")
    .meta({
      description:
        "whether processes share each batch's rows and average their gradients, or each goes through all rows and only simulations are shared; auto measures which is faster",
    }),
  accumulate: count()
    .default(1)
    .describe("parts in which a process goes through its rows of a step, to need less memory"),
  bucket_cap_mb: positive().default(25).describe("mebibytes of gradients that travel together"),
  exchange_dtype: z.enum(["bfloat16", "float16"]).nullable().default(null).meta({
    description: "dtype in which gradients travel between processes; null is their own",
  }),
  dist_timeout: positive().default(600).describe("seconds that a process waits for the others"),
};

export interface ProcessesConfig {
  nproc: number;
  share_batch: boolean | "auto";
  accumulate: number;
  bucket_cap_mb: number;
  exchange_dtype: "bfloat16" | "float16" | null;
  dist_timeout: number;
}

/** Those keys that change nothing of what is learnt: they name no folder, and a run goes on whatever they are. */
export const freeProcessKeys = [
  "nproc",
  "share_batch",
  "accumulate",
  "bucket_cap_mb",
  "dist_timeout",
] as const;

/** What cannot be: fewer rows in a batch than processes to share it. */
export function checkProcesses(
  config: Pick<ProcessesConfig, "nproc" | "share_batch"> & { batch_size: number },
  rows: number,
): string[] {
  const { nproc, batch_size, share_batch } = config;
  if (nproc <= rows || share_batch === false) return [];
  return [
    `nproc=${nproc} is more than the ${rows} pairs of a batch (batch_size=${batch_size}): write nproc=${rows} or less, a larger batch_size, or share_batch=false`,
  ];
}
