// The rows that evaluations take from the two ends.
import { type Conditions, conditionsAt, type Endpoint, mapConditions, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import type { Datasets } from "./datasets.js";
import { gaussianName } from "./gaussian-target.js";

/** The first rows of a table in its order, as networks take them, [n, …], the same at every call. */
export function testRows(
  end: EndpointData,
  n: number,
  seed: number,
  split: Split = "test",
): Tensor {
  const rows = firstRows(end[split], n, end.order[split]);
  // Training may mirror images; evaluations take them as they are.
  if (end.name !== gaussianName) return end.plain(rows);
  const generator = stream(seed, `${split}/${end.name}`, rows.device);
  return end.decode(rows, { end: "x1", generator });
}

/** As many rows of the other split, on the processor: between two draws of data there is what chance leaves. */
export function otherRows(
  end: EndpointData,
  split: Split,
  { test_npar, seed }: Pick<CompleteTrainConfig, "test_npar" | "seed">,
): Tensor {
  return testRows(end, test_npar, seed, split === "test" ? "train" : "test").to({ device: "cpu" });
}

function firstRows(table: Tensor, n: number, order: Tensor | null): Tensor {
  const some = Math.min(n, table.size(0));
  return order ? table.indexSelect(0, order.narrow(0, 0, some)) : table.narrow(0, 0, some);
}

/** The conditions of `testRows(ends[end], n, …)`: those of the end, or of the other for a Gaussian. */
export function testConditions(
  ends: Pick<Datasets, Endpoint>,
  end: Endpoint,
  n: number,
  split: Split = "test",
): Conditions | undefined {
  const found = conditionsAt(
    { x0: ends.x0.conditions?.[split], x1: ends.x1.conditions?.[split] },
    end,
  );
  if (!found) return undefined;
  const order = ends[found.of].order[split];
  return mapConditions(found.values, (t) => firstRows(t, n, order));
}
