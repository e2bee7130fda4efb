import { UserError } from "@dsbm/files";

/** A wrong argument, unusable data, NaN or infinity; `code` is stable, the message one line. */
export class BridgeError extends UserError {
  /** For checks without `instanceof`. */
  override name = "BridgeError";
  constructor(
    /** The kind of the error. */
    readonly code: "argument" | "not_finite" | "data",
    message: string,
  ) {
    super(message);
  }
}

const errorOfCode = (code: BridgeError["code"]) => (message: string) =>
  new BridgeError(code, message);

/** A BridgeError with the code "argument": the caller gave an impossible value. */
export const argumentError = errorOfCode("argument");

/** A BridgeError with the code "data": the data do not suit the method. */
export const dataError = errorOfCode("data");

/** A BridgeError with the code "not_finite": a NaN or infinity. */
export const notFiniteError = errorOfCode("not_finite");
