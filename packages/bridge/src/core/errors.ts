// The errors of this room: an argument that no bridge can be built from, or a training run gone wrong.

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
