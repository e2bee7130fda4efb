// The datasets of one problem, of which the first table gives the columns of the others.
import { tidy } from "@dsbm/torch";
import type { ChosenColumns, Preparation, Split, TableOptions } from "./data-set.js";
import { loadTable, prepareTable } from "./registry.js";
import type { TableFacts } from "./tables/facts.js";
import { SharedRows } from "./tables/prepare/shared-rows.js";
import { tablePrefix } from "./tables/table-set.js";

/** A dataset among others, whose options may depend on the columns of the first table. */
export interface DatasetRequest {
  /** As for `loadTable`. */
  name: string;
  /** The options of a split; `like` is null for the first table, and if the first dataset is no table. */
  optionsOf(split: Split, like: ChosenColumns | null): TableOptions;
}

/**
 * Prepares both splits of datasets, of which the first gives the columns. Tables of one file are read in one pass.
 * @throws as prepareTable, of the first dataset that fails.
 */
export async function prepareTables(
  requests: readonly DatasetRequest[],
  preparation: Preparation = {},
): Promise<void> {
  const isTable = ({ name }: DatasetRequest) => name.startsWith(tablePrefix);
  let like: ChosenColumns | null = null;
  const isLeft = new Set(requests);
  for (const request of requests) {
    if (!isLeft.has(request)) continue;
    const members = requests.filter(({ name }) => isTable(request) && name === request.name);
    if (members.length > 1) await prepareTogether(members, like, preparation);
    else
      for (const split of ["train", "test"] as const)
        await prepareTable(request.name, { ...request.optionsOf(split, like), ...preparation });
    for (const member of members) isLeft.delete(member);
    if (isTable(request) && request === requests[0]) like = columnsOf(request);
  }
}

/** Prepares tables of one file in one pass; without `like`, the first one gives the columns of the others. */
async function prepareTogether(
  members: readonly DatasetRequest[],
  like: ChosenColumns | null,
  preparation: Preparation,
): Promise<void> {
  const rows = new SharedRows(members.length);
  let give: (columns: ChosenColumns) => void = () => {};
  let refuse: (error: unknown) => void = () => {};
  const columns = like
    ? Promise.resolve(like)
    : new Promise<ChosenColumns>((resolve, reject) => {
        give = resolve;
        refuse = reject;
      });
  const prepare = async (member: DatasetRequest, i: number) => {
    const isFirst = i === 0 && !like;
    try {
      const { name } = member;
      const options = member.optionsOf("train", isFirst ? null : await columns);
      await prepareTable(name, {
        ...options,
        ...preparation,
        rows,
        ...(isFirst && { chosen: give }),
      });
      if (isFirst) give(columnsOf(member));
      await rows.leave();
    } catch (error) {
      if (isFirst) refuse(error);
      await rows.leave(error);
      throw error;
    }
  };
  const results = await Promise.allSettled(members.map(prepare));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** The columns of a table that is prepared. */
function columnsOf({ name, optionsOf }: DatasetRequest): ChosenColumns {
  const facts = tidy(() => loadTable(name, optionsOf("train", null)).facts as TableFacts);
  const { path, named, columns, categories } = facts;
  return { path, named, columns, categories };
}
