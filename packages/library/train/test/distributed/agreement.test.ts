// Ranks that each train on whole batches agree ahead on what comes after which step: all on the same, whoever wants it.
import { afterEach, describe, expect, it, vi } from "vitest";
import { Agreement } from "../../src/step/step-requests.js";

const steps = 1000;
const quietRank = { isAborted: () => false, pauseAt: () => false };

/** A rank's agreement, with its sent values and the largest values of all ranks, given its own. */
function rank(
  isMain: boolean,
  wanted: { isAborted?: () => boolean; pauseAt?: (step: number) => boolean } = {},
  all: (own: readonly number[]) => number[] = (own) => [...own],
) {
  const sent: (readonly number[])[] = [];
  const max = (own: readonly number[]) => {
    sent.push(own);
    return all(own);
  };
  const agreement = new Agreement({ isMain, max }, { steps: () => steps, ...quietRank, ...wanted });
  return { sent, agreement };
}

/** A clock on which every step takes so many milliseconds. */
function clock(each: number) {
  let now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  return () => {
    now += each;
  };
}
afterEach(() => vi.restoreAllMocks());

describe("an agreement", () => {
  it("has pauses after the very steps that rank 0 wants, and few exchanges", () => {
    const tick = clock(1);
    const pauseAt = (step: number) => step % 70 === 0 || step === 71;
    const { sent, agreement } = rank(true, { pauseAt });
    const paused: number[] = [];
    for (let step = 1; step <= steps; step++) {
      if (agreement.before(step).pause) paused.push(step);
      tick();
    }
    // The last step ends in a pause of its own.
    const expected = Array.from({ length: steps - 1 }, (_, i) => i + 1).filter(pauseAt);
    expect(paused).toEqual(expected);
    expect(sent.length).toBeLessThan(steps / 10);
  });

  it("has other ranks do what rank 0 wants, at the same step", () => {
    const largest = [
      [0, 10, 0],
      [0, 13, 12],
      [1, 20, 0],
    ];
    let step = 1;
    const isAborted = () => step === 13;
    const { sent, agreement } = rank(false, { isAborted }, () => largest[sent.length - 1]);
    const done: unknown[] = [];
    for (; step <= 13; step++) {
      const { stop, pause } = agreement.before(step);
      if (stop || pause) done.push([step, stop, pause]);
    }
    expect(done).toEqual([
      [12, false, true],
      [13, true, false],
    ]);
    // Ranks above 0 send only their wish to stop.
    expect(sent).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });
});
