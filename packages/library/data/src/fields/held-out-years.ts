// Held-out fields: whole years, since neighbouring days are alike, or random fields of few years.
import { stream } from "@dsbm/bridge";
import { randperm, tidy } from "@dsbm/torch";
import { heldOutRows } from "../tables/prepare/split.js";
import { axisDates, type FieldAxis } from "./cf/axis.js";

/** With fewer years, one year would be too large a share. */
const leastYears = 5;

/**
 * Marks held-out fields among the fields `kept`, row numbers of the file, by 1. Of five years and more, whole years are
 * held out, at random by the seed, until the share is reached.
 */
export function heldOutFields(
  kept: readonly number[],
  time: FieldAxis,
  { fraction, seed }: { fraction: number; seed: number },
): { isHeld: Uint8Array; years: string[] | null } {
  const dates = axisDates(time);
  const yearOf = kept.map((row) => dates?.[row]?.slice(0, -6) ?? "");
  const years = [...new Set(yearOf)];
  if (!dates || years.length < leastYears)
    return { isHeld: heldOutRows(kept.length, { fraction, seed }), years: null };
  const generator = stream(seed, `fields/years/${years.length}`);
  const order = tidy(() => Array.from(randperm(years.length, { generator }).toNumbers()));
  const chosen = new Set<string>();
  let held = 0;
  for (const k of order.slice(0, -1)) {
    if (held >= fraction * kept.length) break;
    chosen.add(years[k]);
    held += yearOf.filter((year) => year === years[k]).length;
  }
  const isHeld = Uint8Array.from(yearOf, (year) => Number(chosen.has(year)));
  return { isHeld, years: [...chosen].sort() };
}
