// The verdict on samples of a simulated problem or of another program.

import { subsample } from "@dsbm/bridge";
import {
  Clock,
  gradedRows,
  type MetricRow,
  silentProgress,
  type Verdict,
  verdictOn,
} from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import { Measuring } from "./measuring.js";
import type { SampleSet } from "./metric.js";
import { metrics } from "./metrics/index.js";
import { measureSet } from "./rows.js";
import type { Subject } from "./subject.js";

const decisive = ["feature_distance", "sliced_w2", "c2st", "variance_kept", "variance_kept_least"];
const most = 2000;

/** Vectors [n, d], or images [n, C, H, W]. */
export interface DrawnSamples {
  source: Tensor;
  /** One row for each source row. */
  generated: Tensor;
  /**
   * Held-out target rows, and further target rows for floors: at least twice as many as source
   * rows.
   */
  target: Tensor;
  reserve: Tensor;
}

export async function judgeSamples(
  { source, generated, target, reserve }: DrawnSamples,
  { seed }: { seed: number },
): Promise<{ rows: MetricRow[]; verdict: Verdict | null }> {
  const n = Math.min(most, source.size(0));
  const some = (x: Tensor, side: "x" | "y", rows = most) =>
    subsample(x, side, { most: rows, seed });
  const start = some(source, "x");
  const end = some(generated, "x");
  const data = some(target, "y");
  const others = some(reserve, "y", 4 * n);
  const shape = target.shape.slice(1);
  const subject = {
    ends: { shape, x1: { test: data }, chain: null, exact: null, projection: null },
    trained: { config: { metrics: {} } },
    vectors: shape.length === 1,
    unit: 1,
    names: null,
    own: (_: unknown, rows: Tensor) => rows,
  } as unknown as Subject;
  using context = new Measuring(subject, {
    n,
    seed,
    split: "test",
    exact: most,
    threads: 1,
    intervals: true,
    clock: new Clock(),
    progress: silentProgress,
    signal: undefined,
  });
  const set: SampleSet = {
    key: "drawn",
    direction: "f",
    from: "x0",
    side: "x1",
    start,
    end,
    data,
    unit: 1,
    sampling: { solver: "sde", grid: { times: [0, 1], steps: [1] } },
    given: undefined,
    weights: null,
    states: new Map(),
    energy: null,
    shared: new Map(),
    reserve: () => others,
  };
  try {
    const chosen = metrics.filter(({ name }) => decisive.includes(name));
    const measured = await measureSet(set, chosen, context);
    const rows = gradedRows(measured?.rows ?? []);
    const verdict = verdictOn("f", rows, {
      names: { source: "the source", target: "the target" },
      what: subject.vectors ? "rows" : "images",
      n_held_out: [start.size(0), data.size(0)],
      commands: { longer: "", sample: "" },
    });
    return { rows, verdict };
  } finally {
    for (const [one, whole] of [
      [start, source],
      [end, generated],
      [data, target],
      [others, reserve],
    ] as const)
      if (one !== whole) one.dispose();
  }
}
