// The rows of each class of a condition, or of each quarter of its numbers.
import { type ColumnCondition, decodeCondition } from "@dsbm/data";
import { testConditions } from "@dsbm/datasets";
import { digits } from "@dsbm/runs";
import { type Tensor, tensor } from "@dsbm/torch";
import type { Measuring, SampleSet } from "../metric.js";
import type { Variant } from "../rows.js";

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
  /** Of the held-out target rows. */
  data: readonly number[];
  /** Of the further target rows. */
  reserve: readonly number[];
}

type ConditionValues = readonly (string | number)[];

/**
 * The groups of a set by the condition column of its tables, the largest first if there are many classes; [] without a
 * condition, and for training rows.
 */
export function conditionGroups(set: SampleSet, context: Measuring): ConditionGroup[] {
  const { datasets, trained } = context.subject;
  const condition = trained.columns?.condition ?? null;
  const own = set.conditions?.cond;
  if (!condition || !own || context.options.split !== "test") return [];
  const valuesOf = (cond: Tensor | undefined): ConditionValues =>
    cond ? decodeCondition(condition, cond) : [];
  const ofTarget = (n: number, split: "train" | "test") =>
    valuesOf(testConditions(datasets, set.side, n, split)?.cond);
  const generated = valuesOf(own);
  const data = ofTarget(set.data.size(0), "test");
  const reserve = ofTarget(set.reserve().size(0), "train");
  return rangesOf(condition, [...generated, ...data])
    .map(({ label, holds }) => {
      const places = (values: ConditionValues) =>
        values.flatMap((value, i) => (holds(value) ? [i] : []));
      return {
        label,
        generated: places(generated),
        data: places(data),
        reserve: places(reserve),
      };
    })
    .filter((group) =>
      [group.generated, group.data, group.reserve].every(({ length }) => length >= leastRows),
    )
    .toSorted((a, b) => b.data.length - a.data.length)
    .slice(0, mostGroups);
}

interface ConditionRange {
  label: string;
  holds(value: string | number): boolean;
}

/** The classes of a condition, or the quarters of its numbers. */
function rangesOf({ name, classes }: ColumnCondition, values: ConditionValues): ConditionRange[] {
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

/** Metrics of each group of a condition. */
export function conditionVariants(set: SampleSet, context: Measuring): Variant[] {
  const rowsAt = (x: Tensor, places: readonly number[]) =>
    context.own(() => x.indexSelect(0, tensor([...places], { dtype: "int64" })));
  return conditionGroups(set, context).map(({ label, generated, data, reserve }): Variant => {
    // Rows for the floor limit the other rows.
    const own = generated.slice(0, reserve.length);
    return {
      prefix: "condition_",
      group: "conditions",
      variant: "conditions",
      change: ({ title }) => ({ title: `${title}, ${label}`, at: label }),
      set: {
        ...set,
        key: `${set.key}/condition/${label}`,
        start: rowsAt(set.start, own),
        end: rowsAt(set.end, own),
        data: rowsAt(set.data, data),
        conditions: undefined,
        reserve: () =>
          context.once(`condition/${set.key}/${label}`, () => rowsAt(set.reserve(), reserve)),
      },
    };
  });
}
