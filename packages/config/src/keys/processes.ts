// Keys of runs in several processes.

import type { z } from "zod";
import type { processes } from "./training.js";

export type ProcessesConfig = z.output<z.ZodObject<typeof processes>>;

/** Those that change nothing of what is learnt: they name no folder, and a run goes on whatever they are. */
export const freeProcessKeys = [
  "nproc",
  "share_batch",
  "accumulate",
  "bucket_cap_mb",
  "dist_timeout",
] as const;
