// Correlations within fields: between cells, and between variables.
import { arange, type Tensor } from "@dsbm/torch";
import type { Metric } from "../metric.js";
import { ofFields, variableDistance } from "./field-samples.js";

/** Cells whose pairs are compared, at most, evenly spaced. */
const mostCells = 256;

/** Values [n, …] by their mean and deviation over n; 0 where they do not vary. */
function standardise(x: Tensor): Tensor {
  const centred = x.sub(x.mean(0));
  const deviation = centred.square().mean(0).sqrt();
  return centred.div(deviation.add(deviation.eq(0).to(x.dtype)));
}

/** The correlations [B, d, d] between columns of standardised values [B, n, d]. */
const correlations = (z: Tensor): Tensor => z.transpose(1, 2).bmm(z).div(z.size(1));

/** The root mean square of differences [B, d, d] off the diagonal, over B and one axis: [d]. */
function offDiagonal(difference: Tensor): number[] {
  const [count, d] = difference.shape as [number, number];
  const sums = difference.square().sum(0).sum(0);
  return Array.from(
    sums
      .div(count * Math.max(1, d - 1))
      .sqrt()
      .toNumbers(),
  );
}

/** Values [n, C, cells] as [C, n, cells], of evenly spaced cells. */
function someCells(values: Tensor): Tensor {
  const cells = values.size(2);
  const step = Math.ceil(cells / mostCells);
  const chosen = arange(0, cells, { dtype: "int64" }).mul(step);
  const within = chosen.narrow(0, 0, Math.ceil(cells / step));
  return values.indexSelect(2, within).transpose(0, 1).contiguous();
}

/** The error of the correlations between cells, of values x and y [n, C, cells], by variable. */
export function spatialErrors(x: Tensor, y: Tensor): number[] {
  const [a, b] = [x, y].map((values) => correlations(someCells(standardise(values))));
  return Array.from({ length: x.size(1) }, (_, k) => {
    const errors = offDiagonal(a.narrow(0, k, 1).sub(b.narrow(0, k, 1)));
    return Math.sqrt(errors.reduce((sum, one) => sum + one ** 2, 0) / errors.length);
  });
}

/** The error of the correlations of each variable with the others in each cell, of values x and y [n, C, cells]. */
export const variableErrors = (x: Tensor, y: Tensor): number[] => {
  const [a, b] = [x, y].map((values) =>
    correlations(standardise(values).permute([2, 0, 1]).contiguous()),
  );
  return offDiagonal(a.sub(b));
};

/** Metrics of correlations within fields. */
export const fieldCorrelationMetrics: readonly Metric[] = [
  variableDistance(
    {
      name: "spatial_correlation",
      title: "error of the spatial correlation of a variable",
      meaning: `The root mean square error of the correlations between all pairs of cells, by variable, of ${mostCells} cells at most. Floor: other target fields; ceiling: the untransported source.`,
    },
    spatialErrors,
  ),
  variableDistance(
    {
      name: "variable_correlation",
      title: "error of the correlation of a variable with the others",
      meaning:
        "The root mean square error of the correlations of a variable with the other variables in a cell, over all cells. Floor: other target fields; ceiling: the untransported source.",
      serves: (data) =>
        ofFields(data) ??
        ((data.datasets.channels?.target.length ?? 0) > 1 ? null : "it needs two variables"),
    },
    variableErrors,
  ),
];
