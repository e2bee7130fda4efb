import { directionNames, formatTable, gradeWords, type MetricRow, type Quality } from "@dsbm/runs";

const mostColumns = 5;

const short = (x: number | null | undefined): string => {
  if (x === null || x === undefined) return "–";
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? x.toExponential(2)
    : String(Number(x.toPrecision(4)));
};

/** All rows, but only the worst column of each direction. */
function shownQuality({ rows }: Pick<Quality, "rows">): MetricRow[] {
  const seen = { f: 0, b: 0 };
  return rows.filter(({ group, direction }) => {
    if (group !== "columns" || direction === null) return true;
    seen[direction]++;
    return seen[direction] <= mostColumns;
  });
}

/** The table, then skipped metrics, then the verdicts. */
export function qualityTable(quality: Quality): string {
  const rows = shownQuality(quality);
  const table = formatTable(
    rows.map((row) => ({
      metric: row.title,
      direction: row.direction ?? "",
      value: short(row.value),
      interval:
        row.interval === null || Number.isNaN(row.interval[0])
          ? short(null)
          : `[${row.interval.map(short).join(", ")}]`,
      floor: short(row.floor),
      ceiling: short(row.ceiling),
      better: row.better === "target" ? `near ${short(row.target)}` : row.better,
      verdict: row.grade ? gradeWords[row.grade] : "",
    })),
  );
  const hidden = quality.rows.length - rows.length;
  return [
    ...(rows.length > 0 ? [table] : []),
    ...(hidden > 0 ? [`and ${hidden} more columns, which are closer to the data`] : []),
    ...rows.flatMap(({ direction, note }) =>
      note === undefined ? [] : [`${directionNames[direction ?? "f"]}: ${note}`],
    ),
    ...quality.left_out.map((line) => `left out: ${line}`),
    ...quality.verdicts.flatMap(({ direction, grade, reason, next }) => [
      `${directionNames[direction]}: ${gradeWords[grade]}. ${reason}`,
      `  ${next}`,
    ]),
  ].join("\n");
}
