import { type Batch, batchFrom, namesOf, tensorsOf } from "@dsbm/bridge";
import { type Recorded, recorded, type Tensor } from "@dsbm/torch";

export interface RecordedBatch {
  (batch: Batch, ...rest: Tensor[]): Tensor[];
  /** The program for batches of these names: of their tensors, then the further ones. */
  program(names: readonly string[]): Recorded;
  count(): number;
}

/** Records `fn` once for each list of names (and for each shape, as `recorded` does). */
export function recordedBatch(
  fn: (batch: Batch, ...rest: Tensor[]) => Tensor | readonly Tensor[],
  options: Parameters<typeof recorded>[1] = {},
): RecordedBatch {
  const programs = new Map<string, Recorded>();
  const program = (names: readonly string[]): Recorded => {
    const key = names.join();
    let program = programs.get(key);
    if (!program) {
      program = recorded(
        (...all) => fn(batchFrom(names, all), ...all.slice(names.length)),
        options,
      );
      programs.set(key, program);
    }
    return program;
  };
  const run = (batch: Batch, ...rest: Tensor[]) =>
    program(namesOf(batch))(...tensorsOf(batch), ...rest);
  const count = () => [...programs.values()].reduce((sum, program) => sum + program.count(), 0);
  return Object.assign(run, { program, count });
}
