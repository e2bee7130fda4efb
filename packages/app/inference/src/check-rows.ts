// Refuses samples and conditions that a run does not take.
import type { Conditions } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Trained } from "./trained.js";

/**
 * Checks samples x [n, …] and their conditions; `first` is the index of the first sample in a larger set.
 * @throws {ConfigError} for another shape or dtype, NaN and infinite values, and missing or superfluous conditions.
 */
export function checkRows(
  x: Tensor,
  {
    trained,
    conditions,
    first,
  }: { trained: Trained; conditions: Conditions | undefined; first: number },
): void {
  const { shape, conditioning, folder } = trained;
  const n = x.size(0);
  if (`${x.shape.slice(1)}` !== `${shape}` || n === 0 || x.dtype !== "float32")
    throw new ConfigError(
      `x is ${x.dtype} [${x.shape}]; expected float32 [n, ${shape.join(", ")}], the samples of ${folder}`,
      "shape",
    );
  const odd = oddRow(x);
  if (odd >= 0)
    throw new ConfigError(
      `sample ${first + odd} has values that are NaN or infinite: remove or repair it`,
      "not_finite",
    );
  const { channels, classes } = conditioning;
  const fields =
    channels > 0 &&
    `a condition [${n}, ${channels}, …]; for data.condition give condition: [value, …]`;
  for (const [key, needed] of [
    ["cond", fields],
    ["y", classes && "classes [n]"],
  ] as const) {
    const isThere = conditions?.[key] !== undefined;
    if (isThere !== (needed !== false))
      throw new ConfigError(
        `conditions.${key} is ${isThere ? "there" : "missing"}, but the networks of ${folder} take ${needed || "none"}`,
      );
  }
}

/** The first row of x [n, …] with values that are NaN or infinite; −1: none. */
export const oddRow = (x: Tensor): number =>
  tidy(() => {
    const rows = x.flatten({ startDim: 1 }).isfinite().all(1);
    return (rows.toArray() as Uint8Array).indexOf(0);
  });
