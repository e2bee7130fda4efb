// The queue of sweeps and benchmarks: how many runs work at once, and what ends it.
import { expect, test } from "vitest";
import { runQueue } from "../src/queue.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a queue starts all tasks in their order, and never more at once than it may", async () => {
  const starts: number[] = [];
  const slots = new Set<number>();
  let [now, most] = [0, 0];
  const end = await runQueue([0, 1, 2, 3, 4, 5, 6], {
    atOnce: 3,
    signal: new AbortController().signal,
    async run(task, slot) {
      starts.push(task);
      slots.add(slot);
      most = Math.max(most, ++now);
      for (let i = 0; i <= task; i++) await turn();
      now--;
    },
  });
  expect(end).toBe("ended");
  expect(starts).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect([most, [...slots]]).toEqual([3, [0, 1, 2]]);
});

test("a failing run does not end the others", async () => {
  const failures: unknown[] = [];
  const finished: string[] = [];
  const done: string[] = [];
  const end = await runQueue(["a", "b", "c"], {
    signal: new AbortController().signal,
    async run(task) {
      if (task === "b") throw new Error("no");
      finished.push(task);
    },
    failed: (task, error) => void failures.push([task, (error as Error).message]),
    done: async (task) => void done.push(task),
  });
  expect([end, finished, failures]).toEqual(["ended", ["a", "c"], [["b", "no"]]]);
  expect(done).toEqual(["a", "b", "c"]);
});

test("after a signal no further run starts", async () => {
  const stop = new AbortController();
  const starts: number[] = [];
  const end = await runQueue([1, 2, 3], {
    signal: stop.signal,
    async run(task) {
      starts.push(task);
      if (task === 2) stop.abort();
    },
  });
  expect([end, starts]).toEqual(["stopped", [1, 2]]);
});
