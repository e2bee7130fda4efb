// growth.json: how the growth of a run was estimated from its data.
import { join } from "node:path";
import { digits } from "@dsbm/files";
import { z } from "zod";
import { readIfAs } from "../files/json.js";

const scannedLength = z.object({
  /** The length of growth. */
  delta: z.number(),
  /** Deviation of the growth of rows, in log mass of an interval. */
  growth: z.number(),
  /** Its standard error. */
  noise: z.number(),
  /** Distance from the growth of the shortest length. */
  shift: z.number(),
  /** Correlation of the growth of two halves of the rows. */
  agreement: z.number(),
});

const growthFacts = z.object({
  lengths: z.array(scannedLength).min(1),
  /** Index of the length that was taken. */
  best: z.number().int().nonnegative(),
  /** Whether growth is identified, differs from none, or depends on the length. */
  finding: z.enum(["identified", "none", "unidentified"]),
});

/** How growth was estimated: the compared `lengths`, the index `best` of the taken one, and the `finding`. */
export type GrowthFacts = z.output<typeof growthFacts>;

/** The file of a run folder with its `GrowthFacts`. */
export const growthFile = "growth.json";

/**
 * Reads how the growth of a run was estimated. Returns null if it was not, or if the file has another form.
 * @throws {RunError} "corrupt" for invalid JSON.
 */
export const readGrowth = (folder: string): GrowthFacts | null =>
  readIfAs(join(folder, growthFile), growthFacts);

/** What is wrong with estimated growth, for people. Returns null if growth is identified. */
export function growthCaution({ lengths, best, finding }: GrowthFacts): string | null {
  const { delta, growth, agreement } = lengths[best];
  if (finding === "none")
    return `growth does not differ from none: two halves of the rows do not agree about it (correlation ${digits(agreement, 2)}). All rows of a dataset were given the same growth`;
  if (finding === "identified") return null;
  const others = lengths.map((one) => digits(one.growth, 2));
  return `growth is not identified: it depends on delta, the length of growth. With delta=${lengths.map((one) => digits(one.delta, 2)).join(", ")} it deviates by ${others.join(", ")} (log mass of an interval) between rows; delta=${digits(delta, 2)} with ${digits(growth, 2)} was taken. Known rates (birth=, death=), more times or a known delta decide it`;
}
