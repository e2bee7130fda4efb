// The package's one error class.

/** A wrong argument, unusable data, NaN or infinity; `code` is stable, the message one line. */
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

export const argumentError = coded("argument");

export const dataError = coded("data");

export const notFiniteError = coded("not_finite");
