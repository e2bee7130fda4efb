// The options of the user's own tables and fields, from a configuration.
import type { Endpoint } from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  conditionColumn,
  type MassKey,
  massKeys,
  tableReading,
} from "@dsbm/config";
import {
  type ChannelUnits,
  type ChosenColumns,
  coarseBlock,
  type FieldSetOptions,
  type OwnOptions,
} from "@dsbm/data";
import { imageSize } from "./image-size.js";

/** Which columns of a table apply, and which dataset of a course it is. */
export interface TableUse {
  /** The table whose columns apply. */
  like?: ChosenColumns | null | undefined;
  /** The index of an intermediate dataset, from 0. */
  between?: number | undefined;
  /** The units of the target's fields. */
  units?: ChannelUnits | undefined;
}

type OtherDatasetKey = "Dataset_between" | "Dataset_transfer" | "transfer";

/** The options of a user's own table, from the keys `data.*` and the columns of masses. */
export function ownOptions(
  end: Endpoint,
  { data, mass, ...config }: Pick<CompleteTrainConfig, "data" | MassKey | OtherDatasetKey>,
  { like, between }: TableUse = {},
): OwnOptions {
  const { columns, exclude, keep, id, split_by, where, source, target, missing, log1p } = data;
  const condition = conditionColumn(data);
  const endGroup = end === "x0" ? source : target;
  const group = between === undefined ? endGroup : (data.between?.[between] ?? null);
  const options = { columns, exclude, keep, condition, id, split_by, where, group };
  const massColumns = { ...config, mass: typeof mass === "string" ? mass : null };
  const masses = massKeys.flatMap((key) => (massColumns[key] ? [[key, massColumns[key]]] : []));
  const { categories } = data;
  // Levels and variable columns are of all datasets together.
  const needsOthers = !like && (categories !== null || columns?.[0]?.startsWith("hvg:"));
  return {
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)),
    ...(masses.length > 0 && { masses: Object.fromEntries(masses) }),
    ...tableReading(data),
    missing,
    log1p,
    classes: data.classes !== null,
    ...(like && { like: likeOf(like) }),
    ...(categories && { categories }),
    ...(needsOthers && { others: otherTables({ data, ...config }) }),
  };
}

/** The options of NetCDF files and Zarr folders. Of the two sides only the source is coarsened and has the static fields. */
export function fieldOptions(
  end: Endpoint,
  data: CompleteTrainConfig["data"],
  { units }: TableUse,
): FieldSetOptions {
  const { variables, transform, missing, na, coarsen } = data;
  const isSource = end === "x0";
  const block = isSource ? coarseBlock(coarsen) : 1;
  return {
    variables,
    transform,
    missing,
    na,
    size: imageSize(data),
    block,
    units,
    season: data.season || undefined,
    static: (isSource && data.static) || undefined,
  };
}

const likeOf = ({ path, named, columns, categories }: ChosenColumns) => ({
  path,
  named,
  columns,
  categories,
});

/** The tables next to the source, with the values of their groups. */
function otherTables({
  data: { between, target },
  Dataset_between,
  Dataset_transfer,
  transfer,
}: Pick<CompleteTrainConfig, "data" | OtherDatasetKey>): OwnOptions["others"] {
  if (!transfer) return [];
  const names = [...(Dataset_between ?? []), Dataset_transfer];
  const groups = [...(Dataset_between ?? []).map((_, i) => between?.[i]), target];
  return names.flatMap((name, i) => {
    const path = name && tablePath(name);
    const group = groups[i];
    return path ? [{ path, ...(group && { group }) }] : [];
  });
}

const tablePath = (name: string): string | undefined => /^table:(.+)$/s.exec(name)?.[1];
