// The rows of each class of a condition, or of each quarter of its numbers.
import type { Conditions } from "@dsbm/bridge";
import { decodeCondition } from "@dsbm/data";
import { type Datasets, type EndpointData, testConditions } from "@dsbm/datasets";
import { digits } from "@dsbm/files";
import { type Tensor, tensor } from "@dsbm/torch";
import type { MeasurementContext, SampleSet } from "../metric.js";
import type { Variant } from "../set-measurement.js";

/** An intermediate time whose rows have groups. */
interface TimeOfGroups {
  end: EndpointData;
  /** The title of a metric at this time. */
  title(metric: string): string;
  /** The name of the time. */
  at: string;
}

const mostGroups = 12;
const quarters = 4;
/** Fewer rows of a group tell nothing. */
const leastRows = 8;

/** A class, or a range of numbers, with the indexes of its rows. */
export interface ConditionGroup {
  /** "kind = b", or "dose 0.5 to 2". */
  label: string;
  /** Of the source rows, and of the samples that were generated from them. */
  generated: readonly number[];
  /** Indexes of held-out target rows. */
  data: readonly number[];
  /** Indexes of further target rows, for floors. */
  reserve: readonly number[];
}

type ConditionValues = readonly (string | number)[];

/** What tells groups apart: the column of a condition, or the classes of images. */
interface ConditionSource {
  name: string;
  /** Null: numbers. */
  classes: readonly string[] | null;
  valuesOf(conditions: Conditions | undefined): ConditionValues;
}

/** Whether a run has groups: tables with a condition, and images whose networks take classes. */
export const hasConditionGroups = ({ columns, x0, x1 }: Datasets): boolean =>
  Boolean(columns?.condition) || [x0, x1].some(({ conditions }) => conditions?.test.y);

function conditionSource({
  datasets,
  trained,
}: MeasurementContext["subject"]): ConditionSource | null {
  const column = trained.columns?.condition ?? null;
  if (column)
    return {
      name: column.name,
      classes: column.classes,
      valuesOf: (conditions) => (conditions?.cond ? decodeCondition(column, conditions.cond) : []),
    };
  if (!hasConditionGroups(datasets)) return null;
  const classes = classNames(datasets);
  return {
    name: "class",
    classes,
    valuesOf: (conditions) =>
      conditions?.y?.toNumbers().map((place) => classes[place] ?? `${place}`) ?? [],
  };
}

/** "3", or "3 → c" if a class becomes another one. */
function classNames({ x0, x1 }: Datasets): string[] {
  const [first, second] = x0.classes.length > 0 ? [x0, x1] : [x1, x0];
  return first.classes.map(({ name }, place) => {
    const other = second.classes[place]?.name ?? name;
    return other === name ? name : `${name} → ${other}`;
  });
}

/** The groups of a set, and the reasons of the others. */
interface ConditionGroups {
  groups: ConditionGroup[];
  /** By the label of a group that is too small, or beyond the largest groups. */
  reasons: Map<string, string>;
}

/**
 * The groups of a set by its condition, the largest first if there are many classes; [] without a condition, and for training
 * rows.
 */
export const conditionGroups = (set: SampleSet, context: MeasurementContext): ConditionGroup[] =>
  allGroups(set, context).groups;

function allGroups(
  set: SampleSet,
  context: MeasurementContext,
  time?: TimeOfGroups,
): ConditionGroups {
  const datasets = time ? { x0: time.end, x1: time.end } : context.subject.datasets;
  const source = conditionSource(context.subject);
  const reasons = new Map<string, string>();
  if (!source || !set.conditions || context.options.split !== "test")
    return { groups: [], reasons };
  const ofTarget = (n: number, split: "train" | "test") =>
    source.valuesOf(testConditions(datasets, set.target, n, split));
  const values = {
    generated: source.valuesOf(set.conditions).slice(0, set.sourceRows.size(0)),
    data: ofTarget(set.targetRows.size(0), "test"),
    reserve: ofTarget(set.floorRows().size(0), "train"),
  };
  const placesIn = (list: ConditionValues, { holds }: ConditionRange) =>
    list.flatMap((value, i) => (holds(value) ? [i] : []));
  const all = rangesOf(source, [...values.generated, ...values.data])
    .map(
      (range): ConditionGroup => ({
        label: range.label,
        generated: placesIn(values.generated, range),
        data: placesIn(values.data, range),
        reserve: placesIn(values.reserve, range),
      }),
    )
    .toSorted((a, b) => b.data.length - a.data.length);
  const isLarge = ({ generated, data, reserve }: ConditionGroup) =>
    [generated, data, reserve].every(({ length }) => length >= leastRows);
  const large = all.filter(isLarge);
  for (const { label } of all.filter((group) => !isLarge(group)))
    reasons.set(label, `fewer than ${leastRows} rows to evaluate`);
  for (const { label } of large.slice(mostGroups))
    reasons.set(label, `only the ${mostGroups} largest classes are measured`);
  return { groups: large.slice(0, mostGroups), reasons };
}

interface ConditionRange {
  label: string;
  holds(value: string | number): boolean;
}

/** The classes of a condition, or the quarters of its numbers. */
function rangesOf({ name, classes }: ConditionSource, values: ConditionValues): ConditionRange[] {
  if (classes)
    return classes.map((one) => ({
      label: `${name} = ${one}`,
      holds: (value) => value === one,
    }));
  const sorted = values.map(Number).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const edges = Array.from({ length: quarters + 1 }, (_, k) => at(k / quarters));
  return edges.slice(1).flatMap((high, k) => {
    const low = edges[k] ?? high;
    if (low === high && k > 0) return [];
    const isFirst = k === 0;
    return {
      label: `${name} ${digits(low)} to ${digits(high)}`,
      holds: (value: string | number) =>
        Number(value) <= high && (isFirst ? Number(value) >= low : Number(value) > low),
    };
  });
}

/**
 * The samples of each group of a condition at the end or at an intermediate time, and the reasons of the other groups by their
 * labels.
 */
export function conditionVariants(
  set: SampleSet,
  context: MeasurementContext,
  time?: TimeOfGroups,
): { variants: Variant[]; reasons: Map<string, string> } {
  const rowsAt = (x: Tensor, places: readonly number[]) =>
    context.own(() => x.indexSelect(0, tensor([...places], { dtype: "int64" })));
  const { groups, reasons } = allGroups(set, context, time);
  const variants = groups.map(({ label, generated, data, reserve }): Variant => {
    // Rows for the floor limit the other rows.
    const own = generated.slice(0, reserve.length);
    return {
      prefix: "condition_",
      group: "conditions",
      variant: "conditions",
      change: ({ title }) => ({
        title: `${time ? time.title(title) : title}, ${label}`,
        at: time ? `${time.at}, ${label}` : label,
      }),
      set: {
        ...set,
        key: `${set.key}/condition/${label}`,
        sourceRows: rowsAt(set.sourceRows, own),
        generatedRows: rowsAt(set.generatedRows, own),
        targetRows: rowsAt(set.targetRows, data),
        conditions: undefined,
        floorRows: () =>
          context.once(`condition/${set.key}/${label}`, () => rowsAt(set.floorRows(), reserve)),
      },
    };
  });
  return { variants, reasons };
}
