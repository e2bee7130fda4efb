// Images of each class: a row has a source image, the image generated from it, and another image of the target.
import { conditionGroups } from "@dsbm/evaluation";
import { imageGrid, toJson } from "@dsbm/runs";
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { DrawnEvaluation, EvaluationFiles } from "./drawn-evaluation.js";
import type { Painter } from "./painter.js";

const mostRows = 6;

/** Writes a grid for each class, and their labels. Writes nothing without classes. */
export async function writeConditionGrids(
  { set, context, at }: DrawnEvaluation,
  painter: Painter,
  { id, run }: EvaluationFiles,
): Promise<void> {
  const groups = conditionGroups(set, context);
  if (groups.length === 0) return;
  const [from, to] = at.direction === "f" ? [0, 1] : [1, 0];
  for (const [i, { label, generated, data }] of groups.entries()) {
    const rows = Math.min(mostRows, generated.length, data.length);
    const painted = tidy(() => {
      const rowsOf = (x: Tensor, places: readonly number[]) =>
        x.indexSelect(0, tensor(places.slice(0, rows), { dtype: "int64" }));
      const parts = [
        painter(rowsOf(set.sourceRows, generated), from),
        painter(rowsOf(set.generatedRows, generated), to),
        painter(rowsOf(set.targetRows, data), to),
      ];
      return rowByRow(parts, rows);
    });
    const png = await imageGrid({
      ...painted,
      columns: 3,
      columnTitles: ["source", "generated", "target"],
      title: label,
    });
    run.saveFile(`samples/${id}_condition_${i + 1}.png`, png);
  }
  run.saveFile(
    `samples/${id}_conditions.json`,
    `${toJson({ labels: groups.map(({ label }) => label) })}\n`,
  );
}

/** The first images of all parts, then the second ones. */
function rowByRow(parts: readonly ReturnType<Painter>[], rows: number): ReturnType<Painter> {
  const [, ...size] = parts[0]!.shape;
  const length = parts[0]!.images.length / rows;
  const images = Array.from({ length: rows }, (_, row) =>
    parts.map((part) => part.images.subarray(row * length, (row + 1) * length)),
  );
  return {
    images: Uint8Array.from(Buffer.concat(images.flat())),
    shape: [rows * parts.length, ...size],
  };
}
