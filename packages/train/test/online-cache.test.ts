// An online method whose rows come from caches that the current weights make every few steps: how often, and that a
// stopped run goes on with the same bits though its files are gone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Batch, methods } from "@dsbm/bridge";
import { afterAll, expect, it } from "vitest";
import { Training } from "../src/training.js";
import { tiny } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "dsbm-online-cache-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const problem = (name: string, method = methods.alpha_dsbm) =>
  tiny(method, {
    ...{ sequence: ["b"], steps: 12, emaRate: 0.9 },
    cache: { folder: join(folder, name), npar: 64, batchSize: 32, refreshStride: 5, online: true },
  });

const weights = (training: Training): number[] =>
  [...training.state.networks.b.stateDict().values()].flatMap((t) => t.toNumbers());

async function train(training: Training): Promise<void> {
  for await (const _ of training.run());
}

it("makes rows every so many steps, with the weights of that time", async () => {
  const made: number[] = [];
  const { alpha_dsbm } = methods;
  const counted = {
    ...alpha_dsbm,
    rows(context: Parameters<typeof alpha_dsbm.rows>[0]) {
      if (context.newest !== null) made.push(context.data.x0.size(0));
      return alpha_dsbm.rows(context) as Batch;
    },
  };
  const training = new Training(problem("counted", counted as unknown as typeof alpha_dsbm));
  await train(training);
  // Steps 1 to 5, 6 to 10 and 11, 12 of the second half-iteration: three caches, two parts each.
  expect(made).toEqual([32, 32, 32, 32, 32, 32]);
  training.dispose();
});

it("goes on within a cache, with its files or without them", async () => {
  const whole = new Training(problem("whole"));
  await train(whole);
  for (const lost of [false, true]) {
    const first = new Training(problem(`stopped-${lost}`));
    const second = new Training(problem(`stopped-${lost}`));
    const pauseAt = ({ half, step }: { half: number; step: number }) => half === 2 && step === 8;
    for await (const { type } of first.run({ pauseAt }))
      if (type === "pause") {
        second.restore(first.save());
        break;
      }
    if (lost) rmSync(join(folder, `stopped-${lost}`), { recursive: true });
    await train(second);
    expect(weights(second)).toEqual(weights(whole));
    for (const t of [first, second]) t.dispose();
  }
  whole.dispose();
});
