// Wide matrices, mostly cells by genes: counts to one scale, the columns that vary, principal components.
import type { ColumnVariability } from "@dsbm/data";
import { type Rule, rule } from "./rule.js";

/** The usual total of a cell, columns that vary most, and principal components (scanpy's tutorials). */
const usualTotal = 10_000;
const usualColumns = 2000;
const usualComponents = 50;
/** With fewer rows for each column, components fit noise above all. */
const rowsPerColumn = 2;

/** Chooses the scale, the columns and the principal components of a wide matrix. */
export function countRules({
  names,
  n,
  isWhole,
}: Pick<ColumnVariability, "names" | "n" | "isWhole">): Rule[] {
  const d = names.length;
  const scale = isWhole
    ? [
        rule("data.normalise", usualTotal, "the matrix has counts: each cell gets the same total"),
        rule("data.log1p", true, "counts of genes differ by orders of magnitude"),
      ]
    : [];
  const columns =
    isWhole && d > usualColumns
      ? [
          rule(
            "data.columns",
            [`hvg:${usualColumns}`],
            `of ${d} columns, these vary most for their mean; the others are mostly noise`,
          ),
        ]
      : [];
  const components = Math.min(usualComponents, Math.floor(n / 4));
  const width = Math.min(d, isWhole ? usualColumns : d);
  const shrink =
    n < rowsPerColumn * width
      ? [
          rule(
            "data.shrink_components",
            true,
            `components of ${n} rows of ${width} columns fit the noise of these rows, which then spread wider than other rows`,
          ),
        ]
      : [];
  return [
    ...scale,
    ...columns,
    rule("data.standardise", "global", "all columns of the matrix have one unit"),
    rule("data.components", components, `the distances of rows say little in ${width} columns`),
    ...shrink,
  ];
}
