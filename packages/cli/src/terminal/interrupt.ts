// Stops a run by Ctrl-C at its next step boundary; a second Ctrl-C ends the process.

export interface Interrupt {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** Sent by Ctrl-C, by kill, and by a terminal that is closed. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Listens for these signals until it is disposed; `notify` gets the message of the first. */
export function createInterrupt(
  notify: (text: string) => void = (text) => process.stderr.write(`\n${text}\n`),
): Interrupt {
  const controller = new AbortController();
  const listen = () => {
    if (controller.signal.aborted) process.exit(130);
    notify("stopping at the next step boundary; once more to stop at once");
    controller.abort();
  };
  for (const name of signals) process.on(name, listen);
  return {
    signal: controller.signal,
    dispose() {
      for (const name of signals) process.off(name, listen);
    },
  };
}
