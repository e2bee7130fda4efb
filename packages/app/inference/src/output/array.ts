import { toRows } from "@dsbm/data";
import { stageFile } from "@dsbm/files";
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
  let target: io.NpyTarget | null = null;
  const discard = () => {
    target?.close();
    replacement.discard();
  };
  try {
    target = new io.NpyTarget(replacement.temporary, dtype, shape);
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
      replacement.commit();
    },
    [Symbol.dispose]: discard,
  };
}
