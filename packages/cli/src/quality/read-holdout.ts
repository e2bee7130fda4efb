// The file of a hold-out as rows in the data's own units.
import { existsSync } from "node:fs";
import { io, type Tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Subject } from "./subject.js";

/** Rows [n, d] of a file, float32; the caller's. Throws a UsageError for a file that has no samples of the run's shape. */
export async function readHoldout(path: string, { ends, trained }: Subject): Promise<Tensor> {
  const refuse = (problem: string) => new UsageError(`holdout=${path}: ${problem}`);
  if (ends.shape.length !== 1 || ends.projection)
    throw refuse(`${trained.folder} is a run of pictures; a hold-out needs a run of vectors`);
  if (!existsSync(path)) throw refuse("there is no such file: give one of vectors [n, d]");
  const [d] = ends.shape as [number];
  using file = io.npy.open(path);
  const { dtype, shape } = file;
  if (shape.length !== 2 || shape[1] !== d || (shape[0] as number) < 4)
    throw refuse(
      `shape [${shape.join(", ")}]; expected [n, ${d}] with n at least 4, as the data of ${trained.folder}`,
    );
  if (!/^float|^u?int/.test(dtype)) throw refuse(`elements of ${dtype}; expected numbers`);
  const rows = tidy(() => io.fromRaw(file.read()).to("float32").keep());
  if (tidy(() => rows.isfinite().all().item())) return rows;
  rows.dispose();
  throw refuse("it has values that are NaN or infinite: take these rows out");
}
