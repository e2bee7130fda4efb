// The tables that `npm run bench` prints.

/** Lines up rows of text: the first two columns to the left, numbers to the right. */
function align(rows) {
  const width = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell, column) =>
    column < 2 ? cell.padEnd(width[column]) : cell.padStart(width[column]);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}

/** Three digits, or a dash. */
const digits = (value, count = 3) =>
  value === null ? "–" : Number(value.toPrecision(count)).toString();
const wholeNumber = (value) => (value === null ? "–" : value.toFixed(0));

/** A ratio, and its range over the turns. */
const ratioText = (ratio, range) =>
  ratio === null || ratio === undefined
    ? "–"
    : `${ratio.toFixed(2)} [${range.map((value) => value.toFixed(2)).join(", ")}]`;

/** A row in one line, when it was measured. */
export function rowText({ name, unit, ours, pytorch, against = "PyTorch", ...row }) {
  const ratio = row.ratio === null ? "" : `, ratio ${ratioText(row.ratio, row.ratio_range)}`;
  const gain = row.gain ? `, gain ${ratioText(row.gain, row.gain_range)}` : "";
  return `${name}: ${digits(ours)} ${unit}, ${against} ${digits(pytorch)}${ratio}${gain}`;
}

/** All rows side by side: the portable engine has one thread, and "of ours" is its rate as a share of libtorch's with one thread. */
export function mainTable(entries, hasBefore) {
  const head = [
    "name",
    "unit",
    "ours",
    "pytorch",
    "ratio",
    "portable",
    "of ours",
    "ours_mb",
    "pytorch_mb",
    "threads",
  ];
  const table = entries.map(({ row, threads }) => [
    row.name,
    row.unit,
    digits(row.ours),
    digits(row.pytorch) + (row.against ? ` (${row.against})` : ""),
    ratioText(row.ratio, row.ratio_range),
    digits(row.portable ?? null),
    row.portable_share?.toFixed(2) ?? "–",
    wholeNumber(row.ours_mb),
    wholeNumber(row.pytorch_mb),
    threads.map((count) => count ?? "–").join("/"),
    ...(hasBefore
      ? [
          digits(row.before ?? null),
          ratioText(row.gain, row.gain_range),
          wholeNumber(row.before_mb ?? null),
        ]
      : []),
  ]);
  const columns = hasBefore ? [...head, "before", "gain", "before_mb"] : head;
  return align([columns, ...table]).join("\n");
}

/** What several ranks gain over one; null without such rows. */
export function ranksTable(entries) {
  const rows = entries.map(({ row }) => row).filter(({ bytes_per_step }) => bytes_per_step);
  if (rows.length === 0) return null;
  const lines = rows.map((row) => [
    row.name,
    row.unit,
    digits(row.ours_one_rank),
    digits(row.speedup),
    digits(row.pytorch_one_rank),
    digits(row.pytorch_speedup),
    wholeNumber(row.bytes_per_step),
  ]);
  const columns = ["one rank", "speedup", "pytorch one rank", "pytorch speedup", "bytes_per_step"];
  return align([["name", "unit", ...columns], ...lines]).join("\n");
}
