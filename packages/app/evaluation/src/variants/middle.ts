// States of both directions at half of the time: in a bridge they are one distribution.
import type { Direction } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";
import { type MeasurementContext, plainSet, type SampleSet } from "../metric.js";
import { middleSteps } from "../sampling/sample-in-batches.js";
import type { Variant } from "../set-measurement.js";

/** The states of a direction at half of the time, and its start. */
export interface MiddleStates extends Pick<SampleSet, "sourceRows" | "unit"> {
  direction: Direction;
  /** [n, …], kept until the end of the evaluation. */
  middle: Tensor;
}

/** Keeps the states of a set at half of the time; null if the set has none. */
export function middleOf(set: SampleSet, context: MeasurementContext): MiddleStates | null {
  const [step] = middleSteps(set);
  const state = step === undefined ? undefined : set.states.get(step);
  if (!state) return null;
  return {
    direction: set.direction,
    middle: context.own(() => state.clone()),
    sourceRows: context.own(() => set.sourceRows.clone()),
    unit: set.unit,
  };
}

const leastRows = 4;

/** Forward against backward states; [] without both directions, and for very few rows. */
export function middleVariants(
  all: readonly (MiddleStates | null)[],
  context: MeasurementContext,
): Variant[] {
  const statesOf = (direction: Direction) => all.find((one) => one?.direction === direction);
  const forward = statesOf("f");
  const backward = statesOf("b");
  if (!forward || !backward) return [];
  // A half of the backward states is compared, the other half is the reserve for the floor.
  const half = Math.floor(backward.middle.size(0) / 2);
  const n = Math.min(half, forward.middle.size(0));
  if (n < leastRows) return [];
  const rows = (x: Tensor, first: number, count: number) =>
    context.own(() => x.narrow(0, first, count));
  const reserve = rows(backward.middle, half, half);
  const variant: Variant = {
    prefix: "middle_",
    group: "middle",
    variant: "middle",
    change: ({ title }) => ({
      direction: null,
      title: `${title}, half of the way`,
      meaning:
        "States of the forward and of the backward direction at half of the time: one distribution in every bridge. Floor: two draws of backward states. Ceiling: the untransported source.",
    }),
    set: {
      ...plainSet,
      key: `middle/${n}`,
      unit: forward.unit,
      sourceRows: rows(forward.sourceRows, 0, Math.min(n, forward.sourceRows.size(0))),
      generatedRows: rows(forward.middle, 0, n),
      targetRows: rows(backward.middle, 0, half),
      floorRows: () => reserve,
    },
  };
  return [variant];
}
