// Generated fields as NetCDF, with the coordinates of the input and the units of the generated side.
import { ConfigError } from "@dsbm/config";
import {
  type FieldAxis,
  FieldUnits,
  firstOf,
  type NetcdfPlan,
  openNetcdfWriter,
  planAxes,
} from "@dsbm/data";
import { version } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Input } from "../input/input.js";
import type { RunChannels } from "../saved-channels.js";
import { type OutputVariable, outputVariables } from "./field-variables.js";
import type { OutputOptions, SampleWriter } from "./writer.js";

/** The axes of an output around the levels: members and times, and the grid as the input has it. */
function axesOf(
  { input, n, members }: OutputOptions,
  channels: RunChannels,
): { before: FieldAxis[]; grid: [y: FieldAxis, x: FieldAxis] } {
  const plain = (name: string, size: number): FieldAxis => ({
    name,
    size,
    values: null,
    attributes: {},
  });
  const file = input.fields?.grid;
  const of = isOnGrid(input, channels) ? file : undefined;
  const numbers = Array.from({ length: members }, (_, k) => k);
  const member: FieldAxis = {
    name: "member",
    size: members,
    values: numbers,
    attributes: { standard_name: "realization" },
  };
  const y = of?.y ?? channels.axes.y;
  return {
    before: [...(members > 1 ? [member] : []), file?.time ?? plain("time", n as number)],
    grid: [
      of?.isFlipped ? { ...y, values: y.values?.toReversed() ?? null } : y,
      of?.x ?? channels.axes.x,
    ],
  };
}

/** Whether an input has the grid of the run, and not a coarser one. */
const isOnGrid = ({ fields }: Input, { grid: [height, width] }: RunChannels): boolean =>
  fields?.grid.y.size === height && fields.grid.x.size === width;

function planOf(
  options: OutputOptions,
  channels: RunChannels,
  variables: readonly OutputVariable[],
): NetcdfPlan {
  const { bridge, input } = options;
  const { folder } = bridge.trained;
  const { before, grid } = axesOf(options, channels);
  return {
    variables: variables.map(({ name, attributes, level }) => ({
      name,
      attributes,
      axes: [...before, ...(level ? [level] : []), ...grid],
    })),
    attributes: {
      Conventions: "CF-1.8",
      source: `dsbm ${version}, run ${folder}`,
      history: `${new Date().toISOString()}: dsbm sample ${folder} (${input.about})`,
    },
  };
}

/**
 * Writes fields of the network as variables of a NetCDF file; cells that were never trained are missing.
 * @throws {ConfigError} for two dimensions or variables of one name.
 */
export async function fieldWriter(
  temporary: string,
  options: OutputOptions,
): Promise<SampleWriter> {
  const { path, bridge, end, members, input } = options;
  const channels = bridge.trained.channels as RunChannels;
  const variables = outputVariables(channels[end === 0 ? "source" : "target"]);
  const plan = planOf(options, channels, variables);
  const all = [...planAxes(plan), ...plan.variables].map(({ name }) => name);
  const twice = all.find((name, i) => all.indexOf(name) < i);
  if (twice !== undefined)
    throw new ConfigError(`OUT ${path} would have ${twice} twice: rename it in NEW`);
  const file = await openNetcdfWriter(temporary, plan);
  const units = new FieldUnits(channels);
  const [height, width] = channels.grid;
  const isFlipped = isOnGrid(input, channels) && input.fields?.grid.isFlipped === true;
  return {
    about: () => `${path}, ${firstOf(plan.variables.map(variableText), 6)}`,
    async put(x, { first, member }) {
      const fields = ownFields(x, units, channels);
      const count = x.size(0);
      const before: [number, number][] = [
        ...(members > 1 ? [[member, member + 1] as [number, number]] : []),
        [first, first + count],
      ];
      const grid: [number, number][] = [
        [0, height],
        [0, width],
      ];
      for (const { name, level, channels: places } of variables)
        for (const [k, channel] of places.entries()) {
          const values = channelValues(fields, channel, { count, height, width, isFlipped });
          const levels: [number, number][] = level ? [[k, k + 1]] : [];
          file.put(name, [...before, ...levels, ...grid], values);
        }
    },
    close() {
      units.dispose();
      file.close();
    },
    abandon() {
      units.dispose();
      file.abandon();
    },
  };
}

/** Samples [n, C, H, W] on the grid of the data, in their units, NaN in cells without values. */
export function ownFields(
  x: Tensor,
  units: FieldUnits,
  { grid: [height, width], missing, size }: Pick<RunChannels, "grid" | "missing" | "size">,
): { values: Float32Array; shape: readonly [number, number, number, number] } {
  const [n, channels] = x.shape;
  const all = tidy(() => {
    const own = units.undo(x.to({ device: "cpu" })).to("float32");
    return own.contiguous().toArray() as Float32Array;
  });
  const values = new Float32Array(n * channels * height * width);
  let at = 0;
  for (let plane = 0; plane < n * channels; plane++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++, at++) {
        const cell = (plane * size[0] + i) * size[1] + j;
        values[at] = missing[cell % missing.length] === 1 ? Number.NaN : all[cell];
      }
  return { values, shape: [n, channels, height, width] };
}

const variableText = ({ name, axes }: NetcdfPlan["variables"][number]): string =>
  `${name} (${axes.map((axis) => `${axis.name} ${axis.size}`).join(" × ")})`;

/** Values of a channel; NaN for null. */
function channelValues(
  { values, shape: [, channels] }: ReturnType<typeof ownFields>,
  channel: number | null,
  {
    count,
    height,
    width,
    isFlipped,
  }: { count: number; height: number; width: number; isFlipped: boolean },
): Float32Array {
  const area = height * width;
  const result = new Float32Array(count * area).fill(Number.NaN);
  if (channel === null) return result;
  for (let i = 0; i < count; i++)
    for (let line = 0; line < height; line++) {
      const from = (i * channels + channel) * area + (isFlipped ? height - 1 - line : line) * width;
      result.set(values.subarray(from, from + width), i * area + line * width);
    }
  return result;
}
