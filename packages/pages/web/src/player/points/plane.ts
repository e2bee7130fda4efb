import type { Samples } from "../../bridge/bridge.js";
import { selectField } from "../controls/fields.js";
import { columnOf, type Range, rangeOf } from "../numbers.js";
import type { Cloud } from "./frame.js";

/** The two columns that are shown, and the fields that choose them. */
export function createPlane(names: readonly string[]) {
  const isLine = names.length === 1;
  const axes: [number, number] = [0, isLine ? 0 : 1];
  const field = (axis: 0 | 1, changed: () => void) =>
    selectField(
      axis === 0 ? "Horizontal" : "Vertical",
      names.map((name, k) => [String(k), name]),
      String(axes[axis]),
      (value) => {
        axes[axis] = Number(value);
        changed();
      },
    );
  return {
    cloudOf(some: Samples, time: number): Cloud {
      const y = columnOf(some, axes[1]);
      return [isLine ? y.slice().fill(time) : columnOf(some, axes[0]), y];
    },
    titles: (): [string, string] => [isLine ? "t" : names[axes[0]], names[axes[1]]],
    /** Frames all clouds. */
    ranges(clouds: readonly Cloud[]): [Range, Range] {
      const range = (axis: 0 | 1) => rangeOf(clouds.map((cloud) => cloud[axis]));
      return [isLine ? [-0.05, 1.05] : range(0), range(1)];
    },
    /** None for two columns or one. */
    fields: (changed: () => void) =>
      names.length > 2 ? [field(0, changed), field(1, changed)] : [],
  };
}
