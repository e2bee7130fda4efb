import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@dsbm/files";
import type { Progress } from "@dsbm/runs";
import { toJson } from "@dsbm/runs";
import { readUnits } from "@dsbm/web";
import { exportRun } from "./files.js";
import { samplesOf } from "./page.js";

/**
 * Exports a run to the folder `out`, with samples.json, source.f32 and target.f32 (little-endian)
 * if the data exist. Throws as `exportRun`.
 */
export async function exportForPlay(run: string, out: string, progress: Progress): Promise<void> {
  await exportRun(run, out, { overwrite: true });
  const units = readUnits(JSON.parse(readFileSync(join(out, "bridge.json"), "utf8")));
  const samples = await samplesOf(run, { samples: null, units, progress });
  if (!samples) return;
  const { source, target, conditions } = samples;
  for (const [name, { data }] of Object.entries({ source, target }))
    writeFileAtomic(join(out, `${name}.f32`), Float32Array.from(data));
  const shapes = { source: source.shape, target: target.shape };
  writeFileAtomic(join(out, "samples.json"), toJson({ ...shapes, conditions }));
}
