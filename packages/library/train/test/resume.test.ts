// Exact resume: a training that is saved at any step boundary and put into a new one ends with the same bits.
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { io, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import type { TrainEvent } from "../src/events.js";
import type { Problem } from "../src/problem.js";
import type { SavedTraining } from "../src/state/saved-training.js";
import type { Training } from "../src/training.js";
import { cachedProblem, problems, useCacheFolder } from "./cached-problems.js";
import { runTraining, train, trainingOf } from "./support.js";

const folder = useCacheFolder();

/** As a file would keep it. */
const copySaved = ({ tensors, facts }: SavedTraining) => ({
  tensors: new Map([...tensors].map(([name, t]) => [name, t.clone().keep()])),
  facts: JSON.parse(JSON.stringify(facts)),
});
const freeSaved = ({ tensors }: SavedTraining) => {
  for (const t of tensors.values()) t.dispose();
};

function bits({ state }: Training): string {
  return tidy(() =>
    (["b", "f"] as const)
      .flatMap((d) => [state.networks[d], state.samplers[d]])
      .flatMap((net) => [...net.stateDict().values()])
      .map((t) => Buffer.from(io.toRaw(t).data).toString("hex"))
      .join(),
  );
}

const bitsAfterTraining = async (problem: Problem): Promise<string> =>
  bits(await runTraining(problem));

/** A new training of `cachedProblem` that resumes from a saved state, which is freed. */
async function resumeFrom(saved: SavedTraining) {
  const training = trainingOf(cachedProblem());
  training.restore(saved);
  await train(training);
  freeSaved(saved);
  return bits(training);
}

/** Runs until `stop` is true, and gives what was saved there (null: ran to the end). */
async function saveWhen(
  training: Training,
  stop: (event: TrainEvent) => boolean,
  options: Parameters<Training["run"]>[0],
): Promise<SavedTraining | null> {
  for await (const event of training.run(options))
    if (stop(event)) return copySaved(training.save());
  return null;
}

/** A run interrupted at the boundaries of `at`, each time resumed in a new training. */
async function inPieces(problem: () => Problem, at: (step: number) => boolean): Promise<string> {
  let saved: SavedTraining | null = null;
  for (let piece = 0; piece < 100; piece++) {
    const training = trainingOf(problem());
    if (saved) {
      training.restore(saved);
      freeSaved(saved);
    }
    saved = await saveWhen(training, (e) => e.type === "pause" || e.type === "half", {
      pauseAt: ({ step }) => at(step),
    });
    if (!saved) return bits(training);
  }
  throw new Error("too many pieces");
}

describe("a training put back", () => {
  it.each(problems)("at every sixth step ends with the same bits: %s", async (name, problem) => {
    const straight = await bitsAfterTraining(problem());
    expect(await inPieces(problem, (step) => step % 6 === 0)).toBe(straight);
    // A test that cannot fail is none: another seed ends elsewhere.
    if (name === "a chain")
      expect(await bitsAfterTraining({ ...problem(), seed: 6 })).not.toBe(straight);
  });

  it("makes a lost or damaged cache again, and takes an intact one as it is", async () => {
    const straight = await bitsAfterTraining(cachedProblem());
    for (const harm of ["none", "lost", "damaged"]) {
      const saved = await saveWhen(
        trainingOf(cachedProblem()),
        (e) => e.type === "pause" && e.half === 3,
        {
          pauseAt: ({ half, step }) => half === 3 && step === 7,
        },
      );
      const files = readdirSync(join(folder(), "cache"));
      expect(files.toSorted()).toEqual(["3_f_1_x0.npy", "3_f_1_x1.npy"]);
      const file = join(folder(), "cache", "3_f_1_x0.npy");
      if (harm === "lost") rmSync(file);
      if (harm === "damaged") writeFileSync(file, "gone");
      const second = trainingOf(cachedProblem());
      second.restore(saved as SavedTraining);
      const made: number[] = [];
      for await (const e of second.run()) if (e.type === "cache" && e.half === 3) made.push(e.done);
      // Two caches are left in half-iteration 3 at step 7 of 13: this one, if it was lost, and the last.
      expect(made).toEqual(harm === "none" ? [0, 30, 60, 70] : [0, 30, 60, 70, 0, 30, 60, 70]);
      expect(bits(second)).toBe(straight);
      freeSaved(saved as SavedTraining);
    }
  });

  it("learns the same however often it is looked at, from its own averages too", async () => {
    const problem = () => cachedProblem({ sequence: ["b"], firstPass: 1 });
    const looked = trainingOf(problem());
    for await (const _ of looked.run({ pauseAt: () => true }));
    expect(bits(looked)).toBe(await bitsAfterTraining(problem()));
  });

  it.each([
    { where: "at its end, and goes through it from the beginning", cache: 2, done: 70, step: 6 },
    { where: "within it, and makes it again", cache: 1, done: 30, step: 0 },
  ])("stops at a cache: $where", async ({ cache, done, step }) => {
    const straight = await bitsAfterTraining(cachedProblem());
    const stop = new AbortController();
    const first = trainingOf(cachedProblem());
    let saved: SavedTraining | null = null;
    let caches = 0;
    for await (const e of first.run({ signal: stop.signal })) {
      if (e.type === "cache" && e.half === 4 && e.done === done && ++caches === cache) stop.abort();
      if (e.type === "stopped") saved = copySaved(first.save());
    }
    expect(saved?.facts).toMatchObject({ half: 3, pass: { step } });
    // Neither a replaced cache nor an incomplete one leaves a file.
    expect(existsSync(join(folder(), "cache", "4_b_0_x0.npy"))).toBe(false);
    expect(await resumeFrom(saved as SavedTraining)).toBe(straight);
  });

  it("refuses to save NaN or infinite weights", async () => {
    const training = trainingOf(cachedProblem());
    tidy(() => training.state.networks.b.parameters()[0]?.detach().fill_(Number.NaN));
    expect(() => training.save()).toThrow(
      /network\/b\/net.layers.0.weight has values that are NaN/,
    );
  });
});
