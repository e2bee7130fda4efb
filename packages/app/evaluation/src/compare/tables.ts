import { rowsByMass, stream } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { randperm, type Tensor, tidy } from "@dsbm/torch";
import type { KeptTensors } from "../tensors.js";
import { readRows } from "../variants/read-holdout.js";
import type { ComparedFiles, CompareOptions } from "./compare-files.js";

/**
 * Reads tables of the target's columns, each in random order.
 * @throws {ConfigError} for other columns, and errors of reading.
 */
export async function readTables(
  options: CompareOptions,
  tensors: KeptTensors,
): Promise<ComparedFiles> {
  const { weights, layer, seed } = options;
  const read = async (key: "target" | "generated" | "source", like: TargetColumns | null) => {
    const path = options[key] as string;
    const weight = key === "generated" ? weights : null;
    const wheres = { target: options.where, source: options.source_where, generated: null };
    const table = await readRows(path, {
      names: like && weight ? [...like.names, weight] : (like?.names ?? null),
      d: like && weight ? like.d + 1 : (like?.d ?? null),
      exclude: [options.exclude ?? []].flat(),
      where: wheres[key] ?? undefined,
      options: { layer: (path.endsWith(".h5ad") && layer) || undefined },
    });
    const shuffled = tidy(() => {
      const rows = weight && like ? rowsByWeight(table.rows, like.d, weight) : table.rows;
      const generator = stream(seed, `compare/${key}`);
      return rows.indexSelect(0, randperm(table.rows.size(0), { generator })).keep();
    });
    table.rows.dispose();
    return { rows: tensors.add(shuffled), names: table.names };
  };
  const target = await read("target", null);
  const like = { names: target.names, d: target.rows.size(1) };
  const generated = await read("generated", like);
  const source = options.source ? await read("source", like) : null;
  return {
    target: target.rows,
    generated: generated.rows,
    source: source?.rows,
    names: target.names,
  };
}

/** The columns that all tables must have. */
interface TargetColumns {
  names: readonly string[];
  d: number;
}

/** Rows [n, d] drawn by their last column, the weights. */
function rowsByWeight(rows: Tensor, d: number, weights: string): Tensor {
  const masses = rows.select(1, d);
  if (masses.amin().item() < 0)
    throw new ConfigError(`weights=${weights} has negative numbers: expected numbers from 0 on`);
  return rows.narrow(1, 0, d).indexSelect(0, rowsByMass(masses));
}
