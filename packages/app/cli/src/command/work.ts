import type { Interrupt } from "@dsbm/runs";
import { createProgress, type Progress } from "@dsbm/runs";

interface Work extends Disposable {
  progress: Progress;
  signal: AbortSignal;
  interrupt: Interrupt;
}

/**
 * `given` stops the work; by default the engine's own interrupt with `late` as in
 * `createWorkInterrupt`.
 */
export async function beginWork(late: string, given?: Interrupt): Promise<Work> {
  const { createWorkInterrupt } = await import("../terminal/work-interrupt.js");
  const interrupt = given ?? createWorkInterrupt({ late });
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
