// Whether a run's configuration equals the requested one, runs of older versions included.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { openRun, type RunWriter } from "@dsbm/runs";
import { afterEach, describe, expect, it } from "vitest";
import { checkTables, savePairs } from "../src/run/columns.js";
import { changesOf, checkSameConfig } from "../src/run/same-config.js";

const root = mkdtempSync(join(tmpdir(), "dsbm-resume-"));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The folder of a run with this configuration. */
function runOf(config: object) {
  openRun({ folder: root, dsbm: "0.0.1", config, columns: ["loss"] }).finish();
  return root;
}
const noKeys: ReadonlySet<string> = new Set();

describe("a configuration", () => {
  const before = { lr: 1e-3, model: { name: "UNET", dropout: 0.1, channel_mult: null } };

  it("equals the configuration of a run if all values agree, in any order of keys", () => {
    const folder = runOf(before);
    expect(changesOf(folder, before, noKeys)).toEqual([]);
    const turned = { model: { channel_mult: null, dropout: 0.1, name: "UNET" }, lr: 1e-3 };
    expect(changesOf(folder, turned, noKeys)).toEqual([]);
    expect(() => checkSameConfig(folder, turned, noKeys)).not.toThrow();
  });

  it("may have newer keys than the run if they change nothing", () => {
    const folder = runOf(before);
    const newer = { ...before, ema_rate: null, model: { ...before.model, embed_dim: null } };
    expect(changesOf(folder, newer, noKeys)).toEqual([]);
    const asking = { ...before, ema_rate: 0.9, model: { ...before.model, embed_dim: 256 } };
    expect(changesOf(folder, asking, noKeys)).toEqual([
      "model.embed_dim was null and is now 256",
      "ema_rate was null and is now 0.9",
    ]);
    expect(() => checkSameConfig(folder, asking, noKeys)).toThrow(
      /holds a run of another configuration \(model\.embed_dim was null and is now 256; .*--again/,
    );
  });

  it("differs by the names of its values, except values without effect on training", () => {
    const folder = runOf(before);
    const other = { lr: 1e-4, model: { ...before.model, dropout: 0 } };
    expect(changesOf(folder, other, noKeys)).toEqual([
      "lr was 0.001 and is now 0.0001",
      "model.dropout was 0.1 and is now 0",
    ]);
    expect(changesOf(folder, other, new Set(["lr"]))).toEqual([
      "model.dropout was 0.1 and is now 0",
    ]);
  });
});

it("known pairs that have changed are refused", () => {
  const pairs = join(runOf({}), "known.csv");
  writeFileSync(pairs, "source,target\n1,2\n");
  const saveFile = (name: string, text: string) => writeFileSync(join(root, name), text);
  savePairs({ pairs } as CompleteTrainConfig, { saveFile } as RunWriter);
  expect(() => checkTables(root)).not.toThrow();
  writeFileSync(pairs, "source,target\n1,3\n");
  expect(() => checkTables(root)).toThrow(/known\.csv has changed since .*--again/);
});
