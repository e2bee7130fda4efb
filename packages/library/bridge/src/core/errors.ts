// The errors of this room: a wrong argument, unusable data, or numbers that are not finite.

/** A wrong argument or a failed training; `code` is stable, the message one line. */
export class BridgeError extends Error {
  override name = "BridgeError";
  constructor(
    readonly code: "argument" | "not_finite" | "data",
    message: string,
  ) {
    super(message);
  }
}

const coded = (code: BridgeError["code"]) => (message: string) => new BridgeError(code, message);

/** The error of a wrong argument. */
export const argumentError = coded("argument");

/** The error of unusable data. */
export const dataError = coded("data");

/** The error of numbers that are not finite. */
export const notFiniteError = coded("not_finite");
