// Samples as an array of known length, .npy or .npz: images [n, C, H, W], or with a path all states [T, n, …].
import { dirname, extname } from "node:path";
import { type NpzArchive, openNpzArchive } from "@dsbm/data";
import { openFileReplacement, temporaryPath } from "@dsbm/runs";
import { io, tidy } from "@dsbm/torch";
import { byRows, unitsOf } from "../units.js";
import type { Output, OutputOptions } from "./output.js";

export function arrayOutput(path: string, options: OutputOptions): Output {
  const { trained, input, times } = options;
  const units = trained.shape.length === 1 ? unitsOf(trained) : null;
  const columns = units?.columns(input.table?.names);
  const dtype = columns?.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const names = columns?.map(({ name }) => name) ?? null;
  const row = units ? [units.width] : trained.shape;
  const shape = [...(times ? [times.length] : []), options.n as number, ...row];
  const replacement = openFileReplacement(path);
  const carried = input.table?.carried ?? [];
  const scratch = () => temporaryPath(dirname(path));
  let archive: NpzArchive | null = null;
  let target: io.NpyTarget | null = null;
  const discard = () => {
    units?.dispose();
    target?.close();
    archive?.abandon();
    replacement.discard();
  };
  try {
    if (extname(path).toLowerCase() === ".npz")
      archive = openNpzArchive(replacement.temporary, { columns: names, carried, times, scratch });
    target = new io.NpyTarget(archive?.x ?? replacement.temporary, dtype, shape);
  } catch (error) {
    discard();
    throw error;
  }
  const file = target;
  return {
    about: () => `${path}, ${dtype} [${shape.join(", ")}]`,
    async put(x, { k, first, carried: cells }) {
      const at = times ? [k, first] : [first];
      tidy(() => {
        const here = x.to({ device: "cpu" });
        if (!units) return file.put(at, io.toRaw(here));
        const { rows, shape: size } = byRows(units.undo(here), dtype);
        file.put(at, io.fromTyped(rows, size));
      });
      if (k === 0) await archive?.carry(cells);
    },
    async commit() {
      file.close({ sync: true });
      await archive?.close();
      replacement.commit();
    },
    discard,
  };
}
