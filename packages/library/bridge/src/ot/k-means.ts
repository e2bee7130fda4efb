import { type Generator, oneHot, randperm, type Tensor, tidy, where } from "@dsbm/torch";
import { squaredDistances } from "./cost.js";

const rounds = 10;

/** The place of the closest centre of rows [n, d], int64 [n]. */
export const cellOf = (x: Tensor, centres: Tensor): Tensor =>
  squaredDistances(x, centres).argmin({ dim: 1 });

/** 1 for the cell of a row: float64 [n, cells]. */
export const inCells = (x: Tensor, centres: Tensor): Tensor =>
  oneHot(cellOf(x, centres), { numClasses: centres.size(0) }).to("float64");

/** At most `most` centres of k-means of rows [n, d], from random rows on: float64 [k, d]. */
export function kMeans(x: Tensor, most: number, generator: Generator): Tensor {
  return tidy(() => {
    const rows = x.to("float64");
    const count = Math.min(most, x.size(0));
    let centres = rows.indexSelect(0, randperm(x.size(0), { generator }).narrow(0, 0, count));
    for (let round = 0; round < rounds; round++) {
      const isIn = inCells(rows, centres).t();
      const sizes = isIn.sum(1).unsqueeze(1);
      const means = isIn.mm(rows).div(sizes.clamp({ min: 1 }));
      centres = where(sizes.gt(0), means, centres);
    }
    return centres;
  });
}
