// Ranks that each train on whole batches agree ahead on what comes after which step: all on the same, whoever wants it.
import { afterEach, describe, expect, it, vi } from "vitest";
import { Agreement } from "../../src/distributed/agreement.js";
import type { Ranks } from "../../src/distributed/ranks.js";

const steps = 1000;
const quiet = { stop: false, pauseAt: () => false };

/** A rank's agreement, with what it sent and the largest values of all ranks, given its own. */
function rank(isMain: boolean, all: (own: number[]) => number[] = (own) => own) {
  const sent: number[][] = [];
  const max = (own: number[]) => {
    sent.push(own);
    return all(own);
  };
  return { sent, agreement: new Agreement({ isMain, max } as unknown as Ranks, () => steps) };
}

/** A clock on which every step takes so many milliseconds. */
function clock(each: number): () => void {
  let now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  return () => {
    now += each;
  };
}
afterEach(() => vi.restoreAllMocks());

describe("an agreement", () => {
  it("has pauses after the very steps that rank 0 wants, and few words", () => {
    const tick = clock(1);
    const { sent, agreement } = rank(true);
    const wanted = (step: number) => step % 70 === 0 || step === 71;
    const paused: number[] = [];
    for (let step = 1; step <= steps; step++) {
      if (agreement.before(step, { stop: false, pauseAt: wanted }).pause) paused.push(step);
      tick();
    }
    const expected = Array.from({ length: steps }, (_, i) => i + 1).filter(wanted);
    expect(paused).toEqual(expected.filter((step) => step <= steps));
    expect(sent.length).toBeLessThan(steps / 10);
  });

  it("looks no further ahead than a twentieth of a second, nor beyond the last step", () => {
    for (const [each, most] of [
      [0.1, 64],
      [1, 50],
      [10, 5],
      [300, 1],
    ] as const) {
      const tick = clock(each);
      const { agreement } = rank(true);
      let furthest = 0;
      for (let step = 1; step <= steps; step++) {
        const pauseAt = (at: number) => {
          furthest = Math.max(furthest, at - step);
          expect(at).toBeLessThanOrEqual(steps);
          return false;
        };
        agreement.before(step, { stop: false, pauseAt });
        tick();
      }
      expect(furthest).toBe(most - 1);
    }
  });

  it("stops all where another rank wants it, at the next words", () => {
    const tick = clock(1);
    let step = 1;
    const { agreement } = rank(true, ([stop, ...rest]) => [
      step > 300 ? 1 : (stop as number),
      ...rest,
    ]);
    for (; step <= steps; step++) {
      if (agreement.before(step, quiet).stop) break;
      tick();
    }
    expect(step).toBeGreaterThan(300);
    expect(step).toBeLessThanOrEqual(350);
  });

  it("has other ranks do what rank 0 wants, at the same step", () => {
    const largest = [
      [0, 10, 0],
      [0, 13, 12],
      [1, 20, 0],
    ];
    const { sent, agreement } = rank(false, () => largest[sent.length - 1] as number[]);
    const done: unknown[] = [];
    for (let step = 1; step <= 13; step++) {
      const { stop, pause } = agreement.before(step, { ...quiet, stop: step === 13 });
      if (stop || pause) done.push([step, stop, pause]);
    }
    expect(done).toEqual([
      [12, false, true],
      [13, true, false],
    ]);
    // A rank that is not rank 0 sends only whether it wants to stop.
    expect(sent).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });
});
