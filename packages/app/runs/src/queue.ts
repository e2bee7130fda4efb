/** How a queue of runs works. */
interface QueueOptions<T> {
  /** Runs at once (default: 1). */
  atOnce?: number;
  /** Starts no further run after it aborts. */
  signal: AbortSignal;
  /** Does one run; `slot` is its place among the runs at once, from 0 on. */
  run(task: T, slot: number): Promise<void>;
  /** Called with the error of a run. The next run starts then. */
  failed?(task: T, error: unknown): void;
  /** Awaited after each run that a signal did not end, whether it failed or not. */
  done?(task: T): Promise<unknown>;
}

/**
 * Starts runs in their order, so that a failing run does not end the others. Returns whether all were started, or a
 * signal stopped the queue.
 * @throws the error of a run if `failed` is missing.
 */
export async function runQueue<T>(
  tasks: readonly T[],
  { atOnce = 1, signal, run, failed, done }: QueueOptions<T>,
): Promise<"ended" | "stopped"> {
  const waiting = tasks.values();
  const work = async (slot: number) => {
    // All slots share the iterator.
    for (const task of waiting) {
      if (signal.aborted) return;
      try {
        await run(task, slot);
      } catch (error) {
        if (signal.aborted) return;
        if (!failed) throw error;
        failed(task, error);
      }
      await done?.(task);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, (_, slot) => work(slot)));
  return signal.aborted ? "stopped" : "ended";
}
