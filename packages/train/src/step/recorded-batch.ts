// Functions of batches as recorded programs: the one place where the names of a batch become a list of tensors.
import { type Batch, batchFrom, namesOf, tensorsOf } from "@dsbm/bridge";
import { type Recorded, recorded, type Tensor } from "@dsbm/torch";

/** A recorded function of a batch and further tensors. */
export interface RecordedBatch {
  (batch: Batch, ...rest: Tensor[]): Tensor[];
  /** The recorded function for batches of these names: of their tensors, then the further ones. */
  program(names: readonly string[]): Recorded;
}

/** Records `fn` once for each list of names (and, within it, for each shape). */
export function recordedBatch(
  fn: (batch: Batch, ...rest: Tensor[]) => Tensor | readonly Tensor[],
): RecordedBatch {
  const programs = new Map<string, Recorded>();
  const program = (names: readonly string[]): Recorded => {
    const key = names.join();
    let found = programs.get(key);
    if (!found) {
      found = recorded((...all) => fn(batchFrom(names, all), ...all.slice(names.length)));
      programs.set(key, found);
    }
    return found;
  };
  const run = (batch: Batch, ...rest: Tensor[]) =>
    program(namesOf(batch))(...tensorsOf(batch), ...rest);
  return Object.assign(run, { program });
}
