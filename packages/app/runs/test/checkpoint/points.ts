// Small checkpoints whose content follows from their number, so that tests can check what they read.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import {
  type Checkpoint,
  type CheckpointPoint,
  type CheckpointStore,
  listCheckpoints,
  openCheckpoints,
} from "../../src/checkpoint/checkpoints.js";

export const open = (
  folder: string,
  options: Partial<Parameters<typeof openCheckpoints>[1]> = {},
) => openCheckpoints(folder, { dsbm: "0.1.0", ...options });

export const idOf = (n: number) => `it0001_b_step${String(n).padStart(8, "0")}`;

/** Point number n: a net in three chunks and a text. */
export function point(n: number, more: Partial<CheckpointPoint> = {}): CheckpointPoint {
  return {
    id: idOf(n),
    order: n,
    facts: { step: n, loss: Number.NaN, tail: [n, Number.POSITIVE_INFINITY] },
    files: { "net.safetensors": weights(n), "random.json": `{"seed":${n}}` },
    ...more,
  };
}

function* weights(n: number): Iterable<Uint8Array> {
  for (const part of [0, 1, 2]) yield Buffer.alloc(5000, (3 * n + part) % 251);
}

/** Saves points of these numbers, one after the other. */
export function saveAll(store: CheckpointStore, numbers: readonly number[]): void {
  for (const n of numbers) store.save(point(n));
}

/** Fails unless the point is number n, byte for byte. */
export function expectPoint(checkpoint: Checkpoint | null, n: number): void {
  expect(checkpoint).toMatchObject({ id: idOf(n), order: n });
  const { files, facts } = checkpoint as Checkpoint;
  expect(facts).toEqual(point(n).facts);
  expect(Object.keys(files)).toEqual(["net.safetensors", "random.json"]);
  const net = readFileSync(files["net.safetensors"].path);
  expect(net.equals(Buffer.concat([...weights(n)]))).toBe(true);
  expect(readFileSync(files["random.json"].path, "utf8")).toBe(`{"seed":${n}}`);
}

/** The numbers of the whole points in a store, by order. */
export function numbers(store: CheckpointStore): number[] {
  return listCheckpoints(store.folder).flatMap(({ checkpoint }) => checkpoint?.order ?? []);
}
