import { allFinite, type Generator, randperm, Tensor, tidy } from "@dsbm/torch";
import {
  type Conditions,
  conditionRows,
  conditionsAt,
  type EndpointConditions,
  kindsOf,
  mapConditions,
} from "./conditions.js";
import { type Endpoint, eachEndpoint } from "./direction.js";
import { dataError } from "./errors.js";

/** The times of several marginals, from 0 to 1. */
export interface Chain {
  /** Rising, one for each dataset. */
  readonly times: readonly number[];
}

/** Samples of both endpoints, [n, …] with one sample shape. */
export interface Endpoints {
  /** Source samples. */
  x0: Tensor;
  /** Target samples. */
  x1: Tensor;
  /**
   * Conditions row by row. A table without conditions has as many rows as the other table and takes its
   * conditions.
   */
  conditions?: EndpointConditions | undefined;
  /** The times of several marginals (see `chainEndpoints`). */
  chain?: Chain | undefined;
  /** Whether both tables are already in random order, as a batch is. */
  shuffled?: boolean;
  /** Marks known pairs of rows that are already paired, float32 [n] of 0 and 1. */
  known?: Tensor | undefined;
}

/**
 * Decodes table rows [B, …] for a network: image bytes to numbers, random flips, or noise for empty rows. Draws
 * only from `generator`.
 */
export type Decode = (rows: Tensor, at: { end: Endpoint; generator: Generator }) => Tensor;

/**
 * A decoded batch [B, …] of both endpoints, at rows `index` [B]. Each is gathered at its first use; an unused table costs
 * nothing.
 */
export function gatherEndpoints(
  data: Endpoints,
  index: (end: Endpoint) => Tensor,
  { decode, generator }: { decode: Decode; generator: Generator },
): Endpoints {
  const rows = eachEndpoint((end) =>
    decode(data[end].indexSelect(0, index(end)), { end, generator }),
  );
  const conditionsOf = eachEndpoint((end) =>
    mapConditions(data.conditions?.[end], (t) => t.indexSelect(0, index(end))),
  );
  return Object.assign(rows, { conditions: data.conditions && conditionsOf });
}

/** Draws `n` rows of each endpoint, owned by the caller. Equally long tables keep their row pairs and conditions. */
export function someRows(data: Endpoints, n: number, generator: Generator): Endpoints {
  return tidy(() => {
    const order = (end: Endpoint) =>
      randperm(data[end].size(0), { generator, device: data[end].device }).slice({ end: n });
    const first = order("x0");
    const orders = { x0: first, x1: data.x0.size(0) === data.x1.size(0) ? first : order("x1") };
    const some = (end: Endpoint) => (t: Tensor) => t.indexSelect(0, orders[end]).keep();
    const conditionsOf = (end: Endpoint) => mapConditions(data.conditions?.[end], some(end));
    const conditions = data.conditions && { x0: conditionsOf("x0"), x1: conditionsOf("x1") };
    return { ...data, x0: some("x0")(data.x0), x1: some("x1")(data.x1), conditions };
  });
}

/** Frees what `someRows` returned. */
export function disposeSome({ x0, x1, conditions }: Endpoints): void {
  const counts = [conditions?.x0, conditions?.x1].flatMap(conditionRows);
  for (const t of [x0, x1, ...counts]) t.dispose();
}

/** Names the kind of a value for an error message. */
export function kindOf(x: unknown): string {
  if (x === undefined || x === null) return String(x);
  if (Array.isArray(x)) return "an array";
  if (typeof x === "object")
    return x.constructor === Object ? "an object" : `a ${x.constructor?.name}`;
  return typeof x === "string" ? "text" : `a ${typeof x}`;
}

/**
 * Checks the tables of both endpoints and their conditions.
 * @throws {BridgeError} unless both tables are finite tensors with one sample shape.
 */
export function checkEndpoints({ x0, x1, conditions }: Endpoints, what = "data"): void {
  for (const [end, x] of Object.entries({ x0, x1 }))
    if (!(x instanceof Tensor))
      throw dataError(
        `${what}: ${end} is ${kindOf(x)}; expected a tensor [n, …], such as tensor(rows) makes`,
      );
  const a = x0.shape;
  const b = x1.shape;
  if (a.length < 2 || b.length < 2)
    throw dataError(`${what}: expected samples [n, …], got shapes [${a}] and [${b}]`);
  if (`${a.slice(1)}` !== `${b.slice(1)}`)
    throw dataError(
      `${what}: samples of x0 have shape [${a.slice(1)}], samples of x1 [${b.slice(1)}]; a bridge needs the same shape for both`,
    );
  if (a[0] === 0 || b[0] === 0)
    throw dataError(`${what}: there are no samples (${a[0]} and ${b[0]})`);
  for (const [name, x] of Object.entries({ x0, x1 }))
    if (!areRowsFinite(x)) throw dataError(`${what}: ${name} has values that are NaN or infinite`);
  checkConditions({ x0, x1, conditions }, what);
}

/** Larger tables are checked at evenly spaced rows, so that a mapped table is not read whole. */
const mostChecked = 2 ** 27;

function areRowsFinite(x: Tensor): boolean {
  const n = x.size(0);
  const perRow = Math.max(1, x.numel / n);
  const stride = Math.ceil((n * perRow) / mostChecked);
  const part = Math.max(1, Math.floor(2 ** 22 / perRow));
  for (let start = 0; start < n; start += part * stride) {
    const rows = () => x.narrow(0, start, Math.min(part, n - start));
    if (!tidy(() => allFinite(rows()))) return false;
  }
  return true;
}

function checkConditions({ x0, x1, conditions }: Endpoints, what: string): void {
  const tables = { x0, x1 };
  const first = conditions?.x0;
  const others = conditions?.x1;
  if (!first && !others) return;
  const shapes = (c: Conditions) => conditionRows(c).map((t) => `[${t.shape.slice(1)}]`);
  if (
    first &&
    others &&
    (`${kindsOf(first)}` !== `${kindsOf(others)}` || `${shapes(first)}` !== `${shapes(others)}`)
  )
    throw dataError(
      `${what}: conditions of x0 are ${kindsOf(first)} of shapes ${shapes(first)}, conditions of x1 ${kindsOf(others)} of ${shapes(others)}; both need the same kinds and shapes`,
    );
  for (const end of ["x0", "x1"] as const) {
    const n = tables[end].size(0);
    const values = conditionsAt(conditions, end)?.values;
    for (const t of conditionRows(values))
      if (t.size(0) !== n)
        throw dataError(
          `${what}: ${n} samples of ${end} with conditions for ${t.size(0)}; expected one condition a sample`,
        );
    if (values?.cond && !allFinite(values.cond))
      throw dataError(`${what}: conditions of ${end} have values that are NaN or infinite`);
  }
}
