// Threads are chosen by measuring: on a clock of our own, so that a busy machine changes nothing.
import { getNumThreads, setNumThreads } from "@dsbm/torch";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chooseThreads, isFasterBeside, threadCandidates } from "../../src/tune/threads.js";

let clock = 0;
beforeEach(() => {
  clock = 0;
  setNumThreads(1);
  vi.spyOn(performance, "now").mockImplementation(() => clock);
});
afterEach(() => {
  vi.restoreAllMocks();
  setNumThreads(1);
});

/** A step that takes so many milliseconds on so many threads. */
const taking = (milliseconds: Record<number, number>) => () => {
  clock += milliseconds[getNumThreads()] as number;
};

describe("threads", () => {
  it("are those that are fastest: one where two compete eleven times slower", () => {
    const { threads, least } = chooseThreads(taking({ 1: 1, 2: 11 }), [1, 2]);
    expect(threads).toBe(1);
    expect(getNumThreads()).toBe(1);
    expect(least[2]).toBeCloseTo(0.011, 9);
  });

  it("are more where that gains more than one in twenty", () => {
    const chosen = (ms: Record<number, number>) => chooseThreads(taking(ms), [1, 2]).threads;
    expect(chosen({ 1: 10, 2: 6 })).toBe(2);
    expect(getNumThreads()).toBe(2);
    expect(chosen({ 1: 10, 2: 9.6 })).toBe(1);
  });

  it("stay what they were where a step fails", () => {
    const failing = () => {
      throw new Error("no step");
    };
    expect(() => chooseThreads(failing, [2])).toThrow("no step");
    expect(getNumThreads()).toBe(1);
  });

  it("are tried in doubling numbers up to the processors", () => {
    expect([1, 2, 6, 8].map(threadCandidates)).toEqual([[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8]]);
  });

  it("are left to a simulation beside the training where that is the longer of the two", () => {
    const beside = (best: number, threads: number, cores: number, steps: number) =>
      isFasterBeside({ one: 3, best, threads, cores, steps });
    expect(beside(2.9, 1, 2, 20)).toBe(true); // 11.5 beside, 12.9 in turns
    expect(beside(0.1, 2, 2, 20)).toBe(true); // a clock that says more than twice as fast is wrong: 11.5 both
    expect(beside(1.6, 2, 2, 1)).toBe(false); // little to simulate: 3 against 2.1
    expect(beside(1.5, 16, 16, 20)).toBe(false); // many cores end a simulation at once: 3 against 2.75
    expect(beside(2, 16, 16, 20)).toBe(true); // 3 against 3.25
  });
});
