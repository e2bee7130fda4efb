// The scale of a table's columns and the share of held-out rows.
import { type Rule, rule, twoDigits } from "./rule.js";

/** Largest ratio of deviations between coordinates of one space. */
const comparableRatio = 30;

/** Names that differ in their number only, such as PC1 and PC2. */
const numberedNames = /^(|.*\D)\d+(\n\1\d+)*$/;

/** Chooses the scale of columns with deviations `std`. `names` of columns are null if the file has none. */
export function chooseScale({
  std,
  names,
}: {
  std: readonly number[];
  names: readonly string[] | null;
}): Rule {
  const varying = std.filter((s) => s > 0);
  const ratio = Math.max(...varying) / Math.min(...varying);
  const key = "data.standardise";
  if (names && !numberedNames.test(names.join("\n")))
    return rule(key, "columns", "columns with names have units of their own");
  if (varying.length < 2) return rule(key, "columns", "only one column varies");
  return ratio <= comparableRatio
    ? rule(
        key,
        "global",
        `the columns are numbered or unnamed, and their deviations differ by a factor of ${twoDigits(ratio)} only: coordinates of one space`,
      )
    : rule(
        key,
        "columns",
        `the deviations of the columns differ by a factor of ${twoDigits(ratio)}`,
      );
}

const enoughHeldOutRows = 400;
const largestHeldOutShare = 0.3;

/** Chooses the share of held-out rows of a small dataset. Returns null if a tenth is enough. */
export function chooseHeldOut(rows: number): Rule | null {
  const share = Math.min(largestHeldOutShare, Math.ceil((100 * enoughHeldOutRows) / rows) / 100);
  if (share <= 0.1) return null;
  return rule(
    "data.test_fraction",
    share,
    `a tenth of ${rows} rows is too few for the metrics: ${Math.round(share * rows)} rows are held out`,
  );
}
