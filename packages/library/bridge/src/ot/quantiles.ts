// Quantiles of columns, along which optimal transport of a single column goes.
import { linspace, searchsorted, type Tensor, tidy, where } from "@dsbm/torch";

/** Quantiles [d, count] of the columns of x [n, d], linear between the sorted values. */
export function columnQuantiles(x: Tensor, count: number): Tensor {
  const sorted = x.t().contiguous().sort()[0];
  const last = x.size(0) - 1;
  const { dtype, device } = x;
  const place = linspace(0, last, count, { dtype: "float64", device });
  const low = place.floor();
  const at = (index: Tensor) => sorted.indexSelect(1, index.to("int64"));
  return at(low).lerp(at(low.add(1).clamp({ max: last })), place.sub(low).to(dtype));
}

/**
 * What `values` [d, K] have at the ranks of x [d, n] among `quantiles` [d, K], linear between them: tied quantiles count as the
 * middle one, and x beyond them as the first or the last one. Returns [d, n]. All may have equal dimensions in front.
 */
export function valuesAtRanks(x: Tensor, quantiles: Tensor, values: Tensor): Tensor {
  const last = quantiles.size(-1) - 1;
  const below = searchsorted(quantiles, x.contiguous());
  const notAbove = searchsorted(quantiles, x.contiguous(), { right: true });
  const low = below.sub(1).clamp({ min: 0, max: last });
  const high = notAbove.clamp({ max: last });
  const start = quantiles.gather(-1, low);
  const width = quantiles.gather(-1, high).sub(start);
  const share = x.sub(start).div(where(width.gt(0), width, width.add(1)));
  const between = low.add(share.clamp({ min: 0, max: 1 })).clamp({ max: last });
  const tied = below.add(notAbove).sub(1).div(2);
  const place = where(notAbove.gt(below), tied.to(x.dtype), between);
  const index = place.floor().to("int64");
  const next = index.add(1).clamp({ max: last });
  return values.gather(-1, index).lerp(values.gather(-1, next), place.sub(index));
}

/**
 * Maps each column of x [n, d] by empirical quantiles: a value of rank p in `from` [m, d] becomes the value of rank p in `to`
 * [k, d], and tied values that of their middle rank. Values beyond `from` move as its ends do. Returns [n, d] of the type of x.
 * Source: Cannon 2015; Boé 2007 beyond the ends.
 */
export function quantileMapping(x: Tensor, from: Tensor, to: Tensor): Tensor {
  return tidy(() => {
    const count = Math.max(from.size(0), to.size(0));
    const [start, end] = [from, to].map((rows) => columnQuantiles(rows.to(x.dtype), count));
    return x.add(valuesAtRanks(x.t(), start, end.sub(start)).t()).keep();
  });
}
