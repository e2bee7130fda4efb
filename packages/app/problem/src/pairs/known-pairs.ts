// pairs=FILE: known pairs of rows. pairs.json of the run keeps the file's hash, so that a run
// resumes only with the same pairs.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { KnownPairs } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { type KnownRows, type PairedEnd, readPairs } from "@dsbm/data";
import { type RunWriter, readJson } from "@dsbm/runs";
import { z } from "zod";
import { loading } from "../dataset.js";
import { type Datasets, namesOf } from "../datasets.js";

const saved = z.object({ file: z.string(), sha256: z.string() });

const pairsFile = "pairs.json";

/**
 * Known pairs as rows of the training tables, for a time course over all intervals; null without
 * pairs. Throws a DatasetError for an unusable file, and a ConfigError if all pairs have held-out
 * rows.
 */
export async function loadPairs(
  config: CompleteTrainConfig,
  { x0 }: Pick<Datasets, "x0">,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<KnownRows | null> {
  const { pairs: path, data } = config;
  if (path === null) return null;
  const places = namesOf(config).map(([end, name, between]): PairedEnd => {
    const like = end === "x1" ? x0.facts : null;
    const { split: _, ...options } = loading("train", end, config, { like, between });
    return { name, options };
  });
  const known = await readPairs(path, places, { id: data.id, signal });
  if (known.x0.length > 0) return known;
  throw new ConfigError(
    "usage",
    `pairs=${path}: all ${known.given} pairs have a held-out or unused row: expected some to train on; give more pairs, or a smaller data.test_fraction`,
  );
}

export const aboutPairs = ({ pairs: path }: CompleteTrainConfig, { x0, given }: KnownRows) =>
  `${path}: ${given} known pairs${x0.length < given ? `, of which ${given - x0.length} have a held-out or unused row` : ""}`;

/** Throws a ConfigError if a resumed run began with other pairs. */
export function savePairs(known: KnownRows | null, config: CompleteTrainConfig, run: RunWriter) {
  if (!known) return;
  const path = join(run.paths.folder, pairsFile);
  const sha256 = digest(known);
  const before = existsSync(path) ? saved.safeParse(readJson(path)) : null;
  if (before && before.data?.sha256 !== sha256)
    throw new ConfigError(
      "usage",
      `${config.pairs} has not the pairs that ${run.paths.folder} was begun with (${path}): bring the file back, or add --again to start over`,
    );
  const content = { file: config.pairs, given: known.given, used: known.x0.length, sha256 };
  run.saveFile(pairsFile, `${JSON.stringify(content, null, 2)}\n`);
}

function digest({ x0, x1 }: KnownPairs): string {
  const hash = createHash("sha256");
  for (const rows of [x0, x1])
    hash.update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
  return hash.digest("hex");
}
