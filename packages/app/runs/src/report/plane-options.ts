// Names and units of the figures of an evaluation, by the data of its run.

import { digits } from "@dsbm/files";
import { type AxisUnits, plainUnits } from "../figure/axis-units.js";
import type { PlaneOptions } from "../figure/plane.js";
import type { DataFile } from "../run/data-file.js";
import { timesOfCourse } from "./course.js";
import type { Names } from "./names.js";

/** Direction, names, units and times of the figures of a direction. */
export function planeOptions(
  direction: "f" | "b",
  data: DataFile | null,
  names: Names,
): PlaneOptions {
  const course = data?.course ?? null;
  const times = course && course.datasets.length > 2 ? timesOfCourse(course) : null;
  return {
    direction,
    names,
    units: data ? unitsOf(data) : plainUnits,
    ...(times && { times: direction === "f" ? times : times.toReversed() }),
  };
}

function unitsOf({ columns, transform }: DataFile): AxisUnits {
  const { mean, std, log1p, standardise } = transform;
  const isSqueezed = standardise === "robust";
  const of = (numbers: readonly number[], column: number) =>
    numbers.length === 1 ? numbers[0] : numbers[column];
  const columnOf = (column: number) => columns[column]?.name ?? plainUnits.name(column);
  return {
    column: columnOf,
    name(column) {
      const name = columnOf(column);
      const logged = log1p ? `log(1 + ${name})` : name;
      const [m, s] = [mean, std].map((numbers) => digits(numbers[column] ?? 0));
      return isSqueezed ? `asinh((${logged} − ${m}) / ${s})` : logged;
    },
    value: (column, x) => (isSqueezed ? x : x * (of(std, column) ?? 1) + (of(mean, column) ?? 0)),
  };
}
