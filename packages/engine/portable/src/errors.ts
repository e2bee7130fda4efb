/** An error with the code of libtorch's own one, which the binding turns into a TorchError. */
export class EngineError extends Error {
  constructor(
    readonly code: `ERR_TORCH${string}`,
    message: string,
  ) {
    super(message);
  }
}

/** @throws {EngineError} */
export function fail(code: EngineError["code"], message: string): never {
  throw new EngineError(code, message);
}

/** @throws {TorchError} `ERR_TORCH`, libtorch's code for arguments that do not fit, unless `holds`. */
export function check(holds: boolean, message: string | (() => string)): asserts holds {
  if (!holds) fail("ERR_TORCH", typeof message === "string" ? message : message());
}

/** @throws the one error of whatever this engine does not have. */
export function missing(what: string): never {
  return fail(
    "ERR_TORCH_MISSING_OP",
    `${what} is not an operation of the portable engine: it needs libtorch (npm run setup, or unset DSBM_ENGINE)`,
  );
}
