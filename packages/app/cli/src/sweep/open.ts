// Opens the folder of a sweep, named by a hash of its members: the same overrides find it again.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ConfigError, printValue } from "@dsbm/config";
import {
  type Cell,
  readManifest,
  type SweepEntry,
  type SweepPaths,
  sweepPaths,
  sweepsFolder,
  version,
  writeManifest,
} from "@dsbm/runs";
import type { NumberedMember, SweepMember } from "./member.js";

export interface OpenSweep {
  paths: SweepPaths;
  /** In the order of their numbers. */
  members: NumberedMember[];
}

/**
 * Writes or finds the manifest of a sweep; its members keep their numbers. Throws a ConfigError if
 * two members would write into one folder.
 */
export function openSweep(
  members: readonly SweepMember[],
  options: { experiment: string; words: string[]; experiments_dir: string },
): OpenSweep {
  refuseShared(members);
  const { experiment, words, experiments_dir } = options;
  const keys = variedKeys(members);
  const named = [...keys, ...(new Set(members.map(({ seed }) => seed)).size > 1 ? ["seed"] : [])];
  const places = members.map(({ folder }) => relative(resolve(experiments_dir), resolve(folder)));
  const hash = createHash("sha256")
    .update(JSON.stringify([experiment, ...places.toSorted()]))
    .digest("hex");
  const name = [experiment, named.join(",").replaceAll("/", ".").slice(0, 80), hash.slice(0, 8)];
  const folder = join(sweepsFolder(experiments_dir), name.filter((part) => part !== "").join("-"));
  const placeOf = (member: SweepMember) => relative(resolve(folder), resolve(member.folder));
  const earlier = existsSync(sweepPaths(folder).manifest) ? readManifest(folder) : null;
  const order = new Map(earlier?.members.map((entry) => [entry.folder, entry.number]));
  const numbered = members
    .map((member, i) => ({ ...member, number: order.get(placeOf(member)) ?? i + 1 }))
    .sort((a, b) => a.number - b.number);
  writeManifest(folder, {
    dsbm: version,
    experiment,
    words,
    created: earlier?.created ?? new Date().toISOString(),
    members: numbered.map(
      (member): SweepEntry => ({
        number: member.number,
        words: member.args,
        folder: placeOf(member),
        configuration: configurationOf(member, keys),
        seed: member.seed,
      }),
    ),
  });
  return { paths: sweepPaths(folder), members: numbered };
}

/** The keys whose values differ between members, without the seed. */
function variedKeys(members: readonly SweepMember[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const { overrides } of members)
    for (const [key, value] of Object.entries(overrides))
      if (key !== "seed")
        values.set(key, (values.get(key) ?? new Set()).add(JSON.stringify(value)));
  return [...values].filter(([, different]) => different.size > 1).map(([key]) => key);
}

function configurationOf(
  { overrides }: SweepMember,
  keys: readonly string[],
): Record<string, Cell> {
  const varied = Object.entries(overrides).filter(([key]) => keys.includes(key));
  return Object.fromEntries(
    varied.map(([key, value]) => [
      key,
      typeof value === "number" || typeof value === "string" ? value : printValue(value),
    ]),
  );
}

function refuseShared(members: readonly SweepMember[]): void {
  const wordsOf = ({ overrides }: SweepMember) =>
    Object.entries(overrides).map(([key, value]) => `${key}=${printValue(value)}`);
  const difference = (member: SweepMember, other: SweepMember) =>
    wordsOf(member)
      .filter((word) => !wordsOf(other).includes(word))
      .join(" ");
  for (const [i, member] of members.entries()) {
    const other = members.slice(0, i).find(({ folder }) => folder === member.folder);
    if (other)
      throw new ConfigError(
        "usage",
        `two runs of this sweep would share ${member.folder}: ${difference(other, member)} and ${difference(member, other)} name no folder; give such keys one value`,
      );
  }
}
