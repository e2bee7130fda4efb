// Quantile mapping as a flow: each column is transported on its own, along straight lines between equal ranks.
import { Buffer, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { isOneTime } from "../core/one-time.js";
import { columnQuantiles, valuesAtRanks } from "../ot/quantiles.js";

/** Quantiles of each column, so that files do not grow with the rows. */
const levels = 513;

/** The velocity x [B, …], t [B] → [B, …] from source to target. */
export class QuantileMap extends nn.Module {
  /** Quantiles of source and target, [2, d, levels]. */
  quantiles: Buffer;

  constructor(shape: readonly number[]) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    this.quantiles = new Buffer(zeros([2, d, levels]));
  }

  /** Takes the quantiles of rows x0 [n, …] and x1 [m, …]. */
  fit(x0: Tensor, x1: Tensor): void {
    tidy(() => {
      for (const [end, rows] of [x0, x1].entries())
        this.quantiles.select(0, end).copy_(columnQuantiles(rows.flatten({ startDim: 1 }), levels));
    });
  }

  forward(x: Tensor, t: Tensor): Tensor {
    const [start, end] = this.quantiles.unbind();
    const rows = x.flatten({ startDim: 1 });
    // One table of quantiles if all rows have one time, else a table a row.
    const times = isOneTime(t) ? t.narrow(0, 0, 1) : t;
    const table = start.lerp(end, times.reshape([-1, 1, 1]));
    const points = table.size(0) === 1 ? rows.t().unsqueeze(0) : rows.unsqueeze(2);
    const moves = end.sub(start).unsqueeze(0).expand(table.shape);
    const velocity = valuesAtRanks(points, table, moves);
    return (table.size(0) === 1 ? velocity.squeeze(0).t() : velocity).reshape(x.shape);
  }
}
