// Wide matrices, mostly cells by genes: counts to one scale, the columns that vary, principal components.
import { type ColumnVariability, largestLogarithm } from "@dsbm/data";
import { type Rule, rule, twoDigits } from "./rule.js";

/** The usual total of a cell, columns that vary most, and principal components (scanpy's tutorials). */
const usualTotal = 10_000;
const usualColumns = 2000;
const usualComponents = 50;
/** With fewer rows for each column, components fit noise above all. */
const rowsPerColumn = 2;

type MatrixNumbers = Pick<
  ColumnVariability,
  "names" | "n" | "isWhole" | "hasOneTotal" | "smallest" | "largest"
>;

/** Counts get one total and logarithms; other numbers stay, and the reason says what they look like. */
function scaleRules({ isWhole, hasOneTotal, smallest, largest }: MatrixNumbers): Rule[] {
  const unscaled = (reason: string) => [rule("data.normalise", null, reason)];
  const most = twoDigits(largest);
  if (!(smallest >= 0))
    return unscaled(
      "the matrix has values below 0 or without a number, so it holds no counts; data.layer chooses another matrix",
    );
  if (isWhole)
    return [
      rule("data.normalise", usualTotal, "the matrix has counts: each cell gets the same total"),
      rule("data.log1p", true, "counts of genes differ by orders of magnitude"),
    ];
  if (largest < largestLogarithm)
    return unscaled(`the matrix has fractions up to ${most}, which look like logarithms of counts`);
  if (hasOneTotal)
    return [
      ...unscaled("all rows of the matrix have one total already"),
      rule("data.log1p", true, `their numbers differ by orders of magnitude, up to ${most}`),
    ];
  return unscaled(
    `the matrix has fractions up to ${most}; if they are counts, write data.normalise=${usualTotal} data.log1p=true`,
  );
}

/** Chooses the scale, the columns and the principal components of a wide matrix. */
export function countRules(matrix: MatrixNumbers): Rule[] {
  const { names, n } = matrix;
  const d = names.length;
  const isCounts = matrix.isWhole && matrix.smallest >= 0;
  const columns =
    isCounts && d > usualColumns
      ? [
          rule(
            "data.columns",
            [`hvg:${usualColumns}`],
            `of ${d} columns, these vary most for their mean; the others are mostly noise`,
          ),
        ]
      : [];
  const components = Math.min(usualComponents, Math.floor(n / 4));
  const width = Math.min(d, isCounts ? usualColumns : d);
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
    ...scaleRules(matrix),
    ...columns,
    rule("data.standardise", "global", "all columns of the matrix have one unit"),
    rule("data.components", components, `the distances of rows say little in ${width} columns`),
    ...shrink,
  ];
}
