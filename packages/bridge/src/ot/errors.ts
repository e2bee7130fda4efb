// What the transport solvers refuse, under codes that do not change with the wording.

/** The stable codes of {@link TransportError}. */
export type TransportCode = "InvalidCost" | "InvalidShape" | "InvalidMarginal" | "InvalidUniform";

/** A transport problem that cannot be solved as given: one line with what was found and expected. */
export class TransportError extends Error {
  override readonly name = "TransportError";

  constructor(
    readonly code: TransportCode,
    message: string,
  ) {
    super(message);
  }
}

/** Checks a problem's size; throws `InvalidShape` unless `value` is a whole number of at least one. */
export function checkSize(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new TransportError(
      "InvalidShape",
      `${name} = ${value}: expected a whole number of points, at least 1`,
    );
  }
}

/** Throws `InvalidUniform` unless the random number `u`, the `s`-th, lies in [0, 1). */
export function checkUniform(u: number, s: number): void {
  if (u >= 0 && u < 1) return;
  throw new TransportError("InvalidUniform", `uniform ${s} is ${u}: expected a number in [0, 1)`);
}
