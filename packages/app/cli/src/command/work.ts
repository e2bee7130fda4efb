import type { Interrupt } from "@dsbm/runs";
import { createProgress, type Progress } from "@dsbm/runs";

interface Work extends Disposable {
  progress: Progress;
  signal: AbortSignal;
  interrupt: Interrupt;
}

/** `late`: see `createWorkInterrupt`. */
export async function beginWork(late: string): Promise<Work> {
  const { createWorkInterrupt } = await import("../terminal/work-interrupt.js");
  const interrupt = createWorkInterrupt({ late });
  const progress = createProgress();
  return {
    progress,
    interrupt,
    signal: interrupt.signal,
    [Symbol.dispose]() {
      progress.done();
      interrupt.dispose();
    },
  };
}
