// Maps of climate fields: source, generated and target fields with coordinates and units.
import { type FieldAxis, FieldUnits } from "@dsbm/data";
import type { Channels } from "@dsbm/datasets";
import { ownFields } from "@dsbm/inference";
import { type FieldMap, type MapAxis, mapFigure, svgToPng } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import { type DrawnEvaluation, type EvaluationFiles, firstRows } from "./drawn-evaluation.js";

/** Fields of each kind, next to each other. */
const fieldsInRow = 2;

/** Names of axes with their units, in short. */
const axisName = ({ name, attributes: { units } }: FieldAxis): string =>
  typeof units === "string" ? `${name} (${units.replace(/^degrees?_/, "° ")})` : name;

/** An axis with the edges of its cells: without coordinates, cells are counted from 1. */
function mapAxis(axis: FieldAxis): MapAxis {
  const values = axis.values ?? Array.from({ length: axis.size }, (_, i) => i + 1);
  const [first = 0] = values;
  const last = values.at(-1) ?? first;
  const half = values.length > 1 ? (last - first) / (2 * (values.length - 1)) : 0.5;
  return { label: axisName(axis), edges: [first - half, last + half] };
}

/** Writes a figure of maps for each variable. Returns the figures as PNG, by name. */
export async function writeMaps(
  { set, context }: DrawnEvaluation,
  { id, run }: EvaluationFiles,
): Promise<[name: string, png: Buffer][]> {
  const channels = context.subject.datasets.channels as Channels;
  const { source, target } = set;
  const [variables, sources] = [target, source].map((of) =>
    of === "x0" ? channels.source : channels.target,
  ) as [Channels["target"], Channels["target"]];
  const own = (x: Tensor) => {
    const units = new FieldUnits(channels);
    const { values } = ownFields(firstRows(x, fieldsInRow), units, channels);
    units.dispose();
    return values;
  };
  const fields = {
    source: own(set.sourceRows),
    generated: own(set.generatedRows),
    target: own(set.targetRows),
  };
  const area = channels.grid[0] * channels.grid[1];
  const stills: [string, Buffer][] = [];
  for (const [k, { name, units: unit }] of variables.entries()) {
    const titles = {
      // Other units have other colours.
      ...(sources[k]?.units === unit && { source: "Source" }),
      generated: "Generated",
      target: "Target",
    };
    const maps = Object.entries(titles).flatMap(([kind, title]): FieldMap[] => {
      const values = fields[kind as keyof typeof fields];
      const count = values.length / (variables.length * area);
      return Array.from({ length: count }, (_, i) => {
        const at = (i * variables.length + k) * area;
        return { title: `${title} ${i + 1}`, values: values.subarray(at, at + area) };
      });
    });
    const label = unit === null ? name : `${name} (${unit})`;
    const svg = await mapFigure({
      title: `Maps of ${name}`,
      label,
      maps,
      columns: Math.min(fieldsInRow, set.sourceRows.size(0), set.targetRows.size(0)),
      size: channels.grid,
      axes: { y: mapAxis(channels.axes.y), x: mapAxis(channels.axes.x) },
    });
    run.saveFile(`samples/${id}_maps_${k + 1}.svg`, svg);
    const png = await svgToPng(svg);
    if (png) stills.push([`maps_${k + 1}`, png]);
  }
  return stills;
}
