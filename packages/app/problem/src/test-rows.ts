import { type Conditions, conditionsAt, type Endpoint, mapConditions, stream } from "@dsbm/bridge";
import type { Split } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import type { Datasets } from "./datasets.js";
import { gaussianName } from "./gaussian-target.js";

/** The first rows in the table's order, in the network's units, [n, …]. */
export function testRows(
  end: EndpointData,
  n: number,
  seed: number,
  split: Split = "test",
): Tensor {
  const rows = firstRows(end[split], n, end.order[split]);
  // Training may mirror images; evaluations do not.
  if (end.name !== gaussianName) return end.plain(rows);
  const generator = stream(seed, `${split}/${end.name}`, rows.device);
  return end.decode(rows, { end: "x1", generator });
}

function firstRows(table: Tensor, n: number, order: Tensor | null): Tensor {
  const some = Math.min(n, table.size(0));
  return order ? table.indexSelect(0, order.narrow(0, 0, some)) : table.narrow(0, 0, some);
}

/**
 * The conditions of `testRows(ends[end], n, …)`; a Gaussian has the conditions of the other
 * dataset.
 */
export function testConditions(
  ends: Pick<Datasets, Endpoint>,
  end: Endpoint,
  n: number,
  split: Split = "test",
): Conditions | undefined {
  const table = conditionsAt(
    { x0: ends.x0.conditions?.[split], x1: ends.x1.conditions?.[split] },
    end,
  );
  if (!table) return undefined;
  const order = ends[table.of].order[split];
  return mapConditions(table.values, (t) => firstRows(t, n, order));
}
