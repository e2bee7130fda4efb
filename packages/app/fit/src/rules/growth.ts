// Networks, batches and plans of methods with growth.
import type { DataFacts } from "../facts.js";
import { largestPlan } from "./pairs.js";
import { type Rule, rule } from "./rule.js";
import { fewColumns } from "./sigma.js";

/** Pairs of each interval in a batch. */
const intervalBatch = 256;

/** Rows of all intervals at their starts and at their ends. */
const intervalRows = (rows: readonly number[]) =>
  [rows.slice(0, -1), rows.slice(1)].map((ends) => ends.reduce((sum, n) => sum + n, 0));

/** Chooses the options of methods with growth, instead of the rules for other vectors. */
export function growthRules(
  { shape, rows }: Pick<DataFacts, "shape" | "rows">,
  minutes: number | null = null,
): Rule[] {
  const [d = 0] = shape;
  const isLarge = Math.max(...rows) > largestPlan;
  const [width, lr] = d > 40 ? [512, 1e-3] : [256, 5e-3];
  const isPlane = d <= fewColumns;
  const isCourse = rows.length > 2;
  const deeper = isPlane && isCourse ? ",256,256" : "";
  const pairs = (each: number) => Math.min(each * (rows.length - 1), ...intervalRows(rows));
  return [
    rule(
      "model.hidden",
      `${width},${width},${width}${deeper}`,
      "the network also learns growth; in courses of few columns more layers follow finer structure",
    ),
    rule("batch_size", pairs(intervalBatch), `${intervalBatch} pairs of each interval`),
    rule("ema_rate", 0.995, "weights are averaged over some hundred steps"),
    rule("lr", lr, "large plans allow a high learning rate; it decays to 0"),
    ...(isCourse || isLarge ? [] : decayRules(isPlane)),
    ...(isLarge
      ? [
          rule(
            "ot_rows",
            // On a busy machine a plan of all of these rows takes half a minute.
            pairs(intervalBatch * Math.min(8, Math.ceil(2 * (minutes ?? 4)))),
            "a plan of more rows is closer to the plan of the data",
          ),
        ]
      : []),
  ];
}

const decayRules = (isPlane: boolean): Rule[] => [
  rule("optimizer", "AdamW", "weight decay needs it"),
  rule("weight_decay", isPlane ? 0.3 : 0.5, "networks would learn few rows by heart"),
];
