// A time course in one table: the column of times tells its datasets.
import { ConfigError, tableReading } from "@dsbm/config";
import { tableGroups } from "@dsbm/data";
import { type FitRequest, fitMember } from "./request.js";

/**
 * Returns the base of a request with the datasets of its column of times; without `time` the request's base.
 * @throws {ConfigError} for data that are no table, and the errors of `tableGroups`.
 */
export async function withTimes(
  request: FitRequest,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<FitRequest["base"]> {
  if ((request.overrides.time ?? request.base.time ?? null) === null) return request.base;
  // Numbers for the times are checked when their datasets are known.
  const { times: _, ...overrides } = request.overrides;
  const { time, time_order, data, Dataset } = fitMember({ ...request, overrides }).config;
  if (time === null) return request.base;
  const path = /^table:(.+)$/s.exec(Dataset)?.[1];
  if (path === undefined || data.split_by !== null)
    throw new ConfigError(
      `time=${time} is a column of one table, ${path === undefined ? `got ${Dataset}` : `which replaces data.split_by=${data.split_by}`}: write dsbm fit FILE time=${time}`,
    );
  const values = await tableGroups(path, time, {
    ...tableReading(data),
    missing: data.missing,
    signal,
    where: data.where ?? undefined,
    order: time_order ?? undefined,
  });
  return { ...request.base, ...courseOf(time, Dataset, values as [string, ...string[]]) };
}

function courseOf(
  time: string,
  Dataset: string,
  values: readonly [string, ...string[]],
): FitRequest["base"] {
  const [source, ...later] = values;
  const between = later.slice(0, -1);
  const numbers = values.map(Number);
  return {
    "data.split_by": time,
    "data.source": source,
    "data.target": later.at(-1) as string,
    ...(between.length > 0 && {
      "data.between": between,
      Dataset_between: between.map(() => Dataset),
      ...(numbers.every(Number.isFinite) && { times: numbers }),
    }),
  };
}
