import { rmSync, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";
import { toRows, writeNpz } from "@dsbm/data";
import { stageFile, temporaryPath } from "@dsbm/files";
import { io, tidy } from "@dsbm/torch";
import type { Output, OutputOptions } from "./output.js";

export function arrayOutput(path: string, options: OutputOptions): Output {
  const { bridge, input, times, seen } = options;
  const { shape: sample } = bridge.trained;
  const units = sample.length === 1 ? bridge.units : null;
  const columns = units?.columns(input.table?.names);
  const dtype = columns?.some((column) => column.dtype === "float64") ? "float64" : "float32";
  const row = units ? [units.width] : sample;
  const shape = [...(times ? [times.length] : []), options.n as number, ...row];
  const replacement = stageFile(path);
  const isArchive = extname(path).toLowerCase() === ".npz";
  const scratch = () => temporaryPath(dirname(path));
  const arrays: Record<string, string> = {};
  let target: io.NpyTarget | null = null;
  const removeArrays = () => {
    for (const file of Object.values(arrays)) rmSync(file, { force: true });
  };
  const discard = () => {
    target?.close();
    removeArrays();
    replacement.discard();
  };
  try {
    if (isArchive) arrays.x = scratch();
    target = new io.NpyTarget(arrays.x ?? replacement.temporary, dtype, shape);
  } catch (error) {
    discard();
    throw error;
  }
  const file = target;
  return {
    about: () => `${path}, ${dtype} [${shape.join(", ")}]`,
    async put(x, { k, first }) {
      const at = times ? [k, first] : [first];
      tidy(() => {
        const here = x.to({ device: "cpu" });
        if (!units) return file.put(at, io.toRaw(here));
        const numbers = units.undo(here);
        if (k === (times?.length ?? 1) - 1) seen?.(numbers);
        file.put(at, io.fromTyped(toRows(numbers, dtype), [x.size(0), units.width]));
      });
    },
    async commit() {
      file.close({ sync: true });
      if (isArchive) {
        if (times) {
          arrays.t = scratch();
          writeFileSync(
            arrays.t,
            io.npy.encode(io.fromTyped(Float64Array.from(times), [times.length])),
          );
        }
        await writeNpz(replacement.temporary, arrays);
        removeArrays();
      }
      replacement.commit();
    },
    discard,
  };
}
