// Sixteen numbers describe a collective; ranks compare them first, since gloo ends the process if sizes differ.
import { arrayOf, type DType } from "../binding/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { distributedError, nameRanks } from "./errors.js";

export const HEADER = 16;
const DIMENSIONS = 10;
const dtypes = Object.keys(arrayOf) as DType[];

const calls = ["barrier", "allReduce", "broadcast", "allGather"] as const;
export type Collective = (typeof calls)[number];
export const reductions = ["sum", "mean", "min", "max", "product"] as const;
/** How values of several ranks become one. */
export type Reduction = (typeof reductions)[number];

/** The header of a call: its name, a reduction or a root, dtype and shape. */
export function headerOf(
  call: Collective,
  detail: Reduction | number,
  tensor: Tensor | null,
): BigInt64Array {
  const header = new BigInt64Array(HEADER);
  const shape = tensor?.shape ?? [];
  const numbers = [
    calls.indexOf(call),
    typeof detail === "number" ? detail : reductions.indexOf(detail),
    tensor ? dtypes.indexOf(tensor.dtype) : -1,
    shape.length,
    ...shape.slice(0, DIMENSIONS),
  ];
  for (const [i, n] of numbers.entries()) header[i] = BigInt(n);
  header[HEADER - 1] = BigInt(tensor?.numel ?? 0);
  return header;
}

function describe(header: BigInt64Array): string {
  const [call, detail, dtype, ndim, ...sizes] = Array.from(header, Number) as [
    number,
    number,
    number,
    number,
  ];
  const name = calls[call] as Collective;
  if (name === "barrier") return name;
  const how =
    name === "broadcast"
      ? ` from rank ${detail}`
      : name === "allReduce"
        ? `(${reductions[detail]})`
        : "";
  const shape = (sizes as number[]).slice(0, Math.min(ndim, DIMENSIONS));
  return `${name}${how} of ${dtypes[dtype]}[${shape}${ndim > DIMENSIONS ? ",…" : ""}]`;
}

/** Throws a TorchError that names the calls of all ranks if the headers differ. */
export function compareHeaders(all: BigInt64Array): void {
  const kinds = new Map<string, { header: BigInt64Array; ranks: number[] }>();
  for (let rank = 0; rank * HEADER < all.length; rank++) {
    const header = all.subarray(rank * HEADER, (rank + 1) * HEADER);
    const kind = kinds.get(header.join()) ?? { header, ranks: [] };
    kind.ranks.push(rank);
    kinds.set(header.join(), kind);
  }
  if (kinds.size === 1) return;
  // The most frequent call counts as the expected call; if several are equally frequent, the call
  // of the lowest rank.
  const [usual, ...odd] = [...kinds.values()].sort((a, b) => b.ranks.length - a.ranks.length);
  const text = [usual as (typeof odd)[number], ...odd]
    .slice(0, 4)
    .map(({ header, ranks }) => `${nameRanks(ranks)} called ${describe(header)}`);
  throw distributedError(
    `ranks do not agree: ${text.join("; ")}; expected the same call, dtype and shape on every rank`,
    odd.flatMap(({ ranks }) => ranks).sort((a, b) => a - b),
  );
}
