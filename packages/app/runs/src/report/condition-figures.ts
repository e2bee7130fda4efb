// Small multiples by class or range of the condition, the worst first.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readConditionLabels } from "../figure/condition-labels.js";
import { conditionPanels, type PlaneOptions } from "../figure/plane.js";
import type { Points } from "../figure/points-file.js";
import { closeness } from "./captions.js";
import type { DirectionRows } from "./direction-rows.js";
import { charts, type Html, html, pictures } from "./page/html.js";

type ConditionOptions = PlaneOptions & { rows: DirectionRows };

/** Labels with the worst metric first, and labels without a metric last. */
function byWorstCondition<T>(
  items: readonly T[],
  labelOf: (item: T) => string,
  { conditions }: DirectionRows,
): T[] {
  const rankOf = (item: T) => {
    const place = conditions.findIndex(({ at }) => at === labelOf(item));
    return place < 0 ? conditions.length : place;
  };
  return items.toSorted((a, b) => rankOf(a) - rankOf(b));
}

function captionOf(label: string, { conditions, titleOf }: DirectionRows): string {
  const row = conditions.find(({ at }) => at === label);
  return row ? closeness(row, titleOf(row)) : "Not measured.";
}

const heading = (text: string): Html[] => [
  html`<h4>By condition</h4>`,
  html`<p class="note">${text} The worst come first.</p>`,
];

/** A panel for the points of each class or range; [] without a condition. */
export async function conditionFigures(
  { plane, conditions }: Points,
  options: ConditionOptions,
): Promise<Html[]> {
  if (conditions.length === 0) return [];
  const { rows, names, direction } = options;
  const sorted = byWorstCondition(conditions, ({ label }) => label, rows);
  const panels = await conditionPanels(sorted, plane, options);
  const goal = direction === "f" ? names.target : names.source;
  const about = `Each panel has the rows of one condition: generated rows (blue) should cover the rows of ${goal}.`;
  const withCaptions = panels.map((panel) => ({
    ...panel,
    caption: captionOf(panel.title ?? "", rows),
  }));
  return [...heading(about), ...charts("medium", withCaptions)];
}

/** The images of each class; [] without classes. */
export function conditionImages(samples: string, id: string, { rows }: ConditionOptions): Html[] {
  const images = readConditionLabels(join(samples, `${id}_conditions.json`))
    .map((label, i) => ({ label, path: join(samples, `${id}_condition_${i + 1}.png`) }))
    .filter(({ path }) => existsSync(path));
  if (images.length === 0) return [];
  const files = byWorstCondition(images, ({ label }) => label, rows).map(({ label, path }) => ({
    path,
    caption: `${label}. ${captionOf(label, rows)}`,
  }));
  const about =
    "Each image has a class: source images, what the bridge made of them, and other images of the target.";
  return [...heading(about), pictures(files, "grid small")];
}
