// Ctrl-C asks, it does not kill: the run stops at its next step boundary. A second one ends the process.

export interface Interrupt {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** Listens for SIGINT and SIGTERM until it is disposed of. */
export function createInterrupt(
  notify: (text: string) => void = (text) => process.stderr.write(`\n${text}\n`),
): Interrupt {
  const controller = new AbortController();
  const listen = () => {
    if (controller.signal.aborted) process.exit(130);
    notify("stopping at the next step boundary; once more to stop at once");
    controller.abort();
  };
  process.on("SIGINT", listen);
  process.on("SIGTERM", listen);
  return {
    signal: controller.signal,
    dispose() {
      process.off("SIGINT", listen);
      process.off("SIGTERM", listen);
    },
  };
}
