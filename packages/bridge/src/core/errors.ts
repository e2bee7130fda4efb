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
