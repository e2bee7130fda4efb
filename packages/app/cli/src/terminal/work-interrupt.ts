// Stops work of the engine: a signal during a long native call ends the process after some seconds, a
// second signal immediately.

import { createInterrupt, type Interrupt, patience, stopping } from "@dsbm/runs";
import { watchSignals } from "@dsbm/torch";

/**
 * As `createInterrupt`. Prints `late` if the process is ended, with the exit code of the signal: by
 * a second signal, or `seconds` after the first.
 */
export function createWorkInterrupt({
  late,
  seconds = patience,
}: {
  late: string;
  seconds?: number;
}): Interrupt {
  const interrupt = createInterrupt({ notify() {} });
  const watch = watchSignals({ seconds, heard: `\n${stopping}\n`, ended: `${late}\n` });
  return {
    signal: interrupt.signal,
    noticed: watch.noticed,
    dispose() {
      watch.stop();
      interrupt.dispose();
    },
  };
}
