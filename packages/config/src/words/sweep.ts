// One command line can mean many runs: the product of its lists. A list without --multirun is most often missing its
// quotes, so the error shows all three ways to write it.

import { ConfigError, mapReportingAll, quote } from "../errors.js";
import { type Override, printOverride } from "./override.js";
import { isTree, printValue } from "./value.js";

const MAX_MEMBERS = 10_000;

/**
 * The members of a sweep: the product of all lists in the order given, the first varying slowest;
 * without lists the one member itself. A key given twice counts once (the last one), and so does a
 * value given twice in a list. Throws ConfigError "sweep" for a list without `multirun`, or for
 * more than 10,000 members.
 */
export function expandSweep(
  overrides: readonly Override[],
  { multirun = false }: { multirun?: boolean } = {},
): Override[][] {
  const kept = overrides.filter((override, i) => !isReplaced(override, overrides.slice(i + 1)));
  if (!multirun) {
    mapReportingAll(kept, (override) => {
      if (override.sweep) throw needsMultirun(override);
    });
  }
  const lists = kept.map(alternatives);
  const count = lists.reduce((product, list) => product * list.length, 1);
  if (count > MAX_MEMBERS) {
    throw new ConfigError(
      "sweep",
      `this sweep has ${count} members: expected at most ${MAX_MEMBERS}; split it up`,
    );
  }
  return lists.reduce<Override[][]>(
    (members, list) => members.flatMap((member) => list.map((override) => [...member, override])),
    [[]],
  );
}

/** A later value for the same key replaces an earlier one; mappings merge and removals act. */
function isReplaced(override: Override, later: readonly Override[]): boolean {
  const acts = (o: Override) => o.kind === "delete" || o.values.some(isTree);
  const rivals = later.filter(({ key }) => key === override.key);
  const overwrites = (o: Override) => o.kind === override.kind || o.kind === "force";
  return !acts(override) && !rivals.some(acts) && rivals.some(overwrites);
}

function alternatives(override: Override): Override[] {
  if (!override.sweep) return [override];
  const distinct = new Map(override.values.map((value) => [printValue(value), value]));
  return [...distinct.values()].map((value) => ({ ...override, values: [value], sweep: false }));
}

function needsMultirun(override: Override): ConfigError {
  const { key, values } = override;
  const list = values.map(printValue).join(",");
  return new ConfigError(
    "sweep",
    `${quote(printOverride(override))} gives ${values.length} values: add -m to run them all, ` +
      `write "${key}=[${list}]" for one list, or "${key}='${list}'" for text`,
  );
}
