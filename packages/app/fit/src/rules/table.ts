// The scale of a table's columns and the share of held-out rows.
import { firstOf } from "@dsbm/files";
import { type Rule, rule, twoDigits } from "./rule.js";

/** Largest ratio of deviations between coordinates of one space. */
const comparableRatio = 30;

/** Names that differ in their number only, such as PC1 and PC2. */
const numberedNames = /^(|.*\D)\d+(\n\1\d+)*$/;

/** The share of the squared distance from the median that the farthest hundredth of rows has in a heavy tail. */
export const heavyShare = 0.5;

/**
 * Chooses the scale of columns with deviations `std`. `names` of columns are null if the file has none; `heavy` are the names of
 * columns with heavy tails.
 */
export function chooseScale({
  std,
  names,
  heavy = [],
}: {
  std: readonly number[];
  names: readonly string[] | null;
  heavy?: readonly string[];
}): Rule {
  const varying = std.filter((s) => s > 0);
  const ratio = Math.max(...varying) / Math.min(...varying);
  const key = "data.standardise";
  if (heavy.length > 0)
    return rule(
      key,
      "robust",
      `a hundredth of the rows has most of the variance of ${firstOf(heavy, 3)}: far values are drawn in`,
    );
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

/** Chooses categories of a table whose columns `names` hold texts. */
export function chooseCategories(names: readonly string[]): Rule {
  const isOne = names.length === 1;
  return rule(
    "data.categories",
    ["auto"],
    `${firstOf(names, 6)} ${isOne ? "holds" : "hold"} texts: each of few different ones is a coordinate, and samples have texts again`,
  );
}

/** Held-out samples that are enough for a verdict, and the largest share of them. */
const heldOutLimits = {
  rows: { enough: 400, largestShare: 0.3 },
  // An evaluation has at most 128 images, and networks of images need more samples.
  images: { enough: 128, largestShare: 0.2 },
  fields: { enough: 128, largestShare: 0.2 },
};

/** Chooses the share of held-out samples of a small dataset of `n`. Returns null if a tenth is enough. */
export function chooseHeldOut(
  n: number,
  samples: keyof typeof heldOutLimits = "rows",
): Rule | null {
  const { enough, largestShare } = heldOutLimits[samples];
  const share = Math.min(largestShare, Math.ceil((100 * enough) / n) / 100);
  if (share <= 0.1) return null;
  return rule(
    "data.test_fraction",
    share,
    `a tenth of ${n} ${samples} is too few for the metrics: ${Math.round(share * n)} ${samples} are held out`,
  );
}
