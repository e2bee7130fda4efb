// Variables of an output: levels of a variable are one variable with a dimension of levels.
import type { FieldAttributes, FieldAxis, FieldChannel, FieldLevel } from "@dsbm/data";

/** A variable of an output. */
export interface OutputVariable {
  name: string;
  attributes: FieldAttributes;
  /** Null: no levels. */
  level: FieldAxis | null;
  /** Its channel at each level, or its only channel; null at levels that it lacks. */
  channels: (number | null)[];
}

const isSameLevel = (a: FieldLevel, b: FieldLevel): boolean =>
  a.dimension === b.dimension && a.label === b.label;

/** The axes of levels by their names. */
function levelAxes(levels: readonly FieldLevel[]): Map<string, FieldAxis> {
  const axes = new Map<string, FieldAxis>();
  for (const { dimension: name, value, attributes } of levels) {
    const { values = [], size = 0 } = axes.get(name) ?? {};
    const all = values && value !== null ? [...values, value] : null;
    axes.set(name, { name, size: size + 1, values: all, attributes });
  }
  return axes;
}

/** The variables of channels. Variables with one dimension of levels share all of its levels. */
export function outputVariables(channels: readonly FieldChannel[]): OutputVariable[] {
  const all = channels.flatMap(({ level }) => level ?? []);
  const levels = all.filter((one, k) => all.findIndex((other) => isSameLevel(one, other)) === k);
  const axes = levelAxes(levels);
  const nameOf = ({ name, level }: FieldChannel) => level?.variable ?? name;
  return [...new Set(channels.map(nameOf))].map((variable) => {
    const first = channels.findIndex((channel) => nameOf(channel) === variable);
    const { attributes, level } = channels[first];
    if (!level) return { name: variable, attributes, level: null, channels: [first] };
    const places = levels.flatMap((one) => {
      if (one.dimension !== level.dimension) return [];
      const place = channels.findIndex(
        (channel) =>
          nameOf(channel) === variable && channel.level && isSameLevel(channel.level, one),
      );
      return [place < 0 ? null : place];
    });
    const axis = axes.get(level.dimension) ?? null;
    return { name: variable, attributes, level: axis, channels: places };
  });
}
