// The pages of outcomes: the best of each table, all rows with their figure, and why numbers are above published ones.
import type { Finished, Outcome } from "./engine.js";
import { figureName, isComparison } from "./figures.js";
import { type Entry, formatValue, type Line, type Table, tablesOf } from "./table.js";

export interface DocumentOptions {
  command: string;
  quick: boolean;
  /** The folder of the pages, as the index links to it. */
  folder: string;
}

export interface Pages {
  /** How the numbers were made, and a link to each page. */
  index: string;
  /** A page for each benchmark, by its name. */
  pages: ReadonlyMap<string, string>;
}

export function resultsDocument(outcomes: readonly Outcome[], options: DocumentOptions): Pages {
  const { command, quick, folder } = options;
  const runs = outcomes.flatMap(({ results }) => results);
  const lines = [
    `Written by \`${command}\`.`,
    ...(runs.length === 0 ? ["No run is finished yet."] : madeBy(runs)),
    ...(quick
      ? ["Quick: short trainings and few samples; what is published had more of both."]
      : []),
  ];
  const links = outcomes.map(
    ({ benchmark: { name, about } }) => `- [${name}](${folder}/${name}.md): ${sentence(about)}`,
  );
  const pages = outcomes.map(
    (outcome) => [outcome.benchmark.name, `${pageOf(outcome, options)}\n`] as const,
  );
  const [figure] = outcomes.flatMap((outcome) => firstFigure(outcome, `${folder}/`) ?? []);
  const parts = ["# Results", ...(figure ? [figure.text] : []), links.join("\n"), lines.join("\n")];
  return {
    index: `${parts.join("\n\n")}\n`,
    pages: new Map(pages),
  };
}

const figureText = ({ benchmark }: Outcome, { metric }: Table, path: string): string =>
  `![${benchmark.name}: ${metric.title}](${path})`;

/** The first figure of a benchmark, and its table; null without one. */
function firstFigure(outcome: Outcome, folder = ""): { text: string; title: string } | null {
  for (const table of tablesOf(outcome)) {
    const name = figureName(outcome, table);
    if (name)
      return { text: figureText(outcome, table, `${folder}${name}`), title: table.metric.title };
  }
  return null;
}

function pageOf(outcome: Outcome, { quick, folder }: DocumentOptions): string {
  const { benchmark, failed } = outcome;
  const { seeds, name, about, notes, unranked } = benchmark;
  const labels = unranked?.labels ?? [];
  const made =
    seeds.length === 1
      ? `Seed ${seeds[0]}.`
      : `Seeds ${seeds.join(", ")}: mean ± standard deviation.`;
  const marks = [
    ...(benchmark.published.length > 0
      ? ["A star marks a number above the published one of the same method."]
      : []),
    ...(unranked ? [`† Never marked as the best: ${unranked.why}.`] : []),
  ];
  const first = firstFigure(outcome);
  const tables = tablesOf(outcome).flatMap((table) => {
    const { title } = table.metric;
    const figure = title === first?.title ? null : figureName(outcome, table);
    const why = explanations(table, quick).map((line) => `- \\* ${line}`);
    const best = isComparison(table) ? bestOf(table, labels) : null;
    const text = tableText(table, { seeds: seeds.length, best, unranked: labels });
    if (!isComparison(table)) return [`## ${capitalise(title)}`, text];
    return [
      `## ${capitalise(title)}`,
      ...(best ? [bestText(table, best)] : []),
      "<details><summary>All methods</summary>",
      text,
      ...(why.length > 0 ? [why.join("\n")] : []),
      ...(figure ? [figureText(outcome, table, figure)] : []),
      "</details>",
    ];
  });
  return [
    `# Results: ${name}`,
    `${sentence(about)} [All benchmarks](../${folder}.md)`,
    ...(first ? [first.text] : []),
    [made, ...notes, ...marks].map((note) => `- ${note}`).join("\n"),
    ...tables,
    ...(failed.length > 0
      ? [failed.map(({ run, why }) => `- failed: ${run}: ${why.split("\n")[0]}`).join("\n")]
      : []),
  ].join("\n\n");
}

const capitalise = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const sentence = (text: string) => `${capitalise(text)}.`;

/** The best lines of each column: ours and published; null for a metric without a best value. */
function bestOf({ metric, columns, lines }: Table, unranked: readonly string[]) {
  const { best = 0 } = metric;
  if (best === null) return null;
  const nearest = (kind: Line["kind"], i: number) =>
    lines
      .filter((line) => line.kind === kind && line.entries[i] && !unranked.includes(line.label))
      .toSorted((a, b) => distance(a, i, best) - distance(b, i, best))[0];
  return columns.map((_, i) => ({ ours: nearest("method", i), theirs: nearest("published", i) }));
}

const distance = ({ entries }: Line, i: number, best: number) =>
  Math.abs((entries[i]?.value ?? Number.POSITIVE_INFINITY) - best);

type Best = NonNullable<ReturnType<typeof bestOf>>;

const rowText = (label: string, cells: readonly string[]) => `| ${[label, ...cells].join(" | ")} |`;

/** What a perfect method has, the best method here and the best published one, in each column. */
function bestText({ metric, columns, lines }: Table, best: Best): string {
  const cellOf = (line: Line | undefined, i: number) => {
    const entry = line?.entries[i];
    if (!line || !entry) return "–";
    const value = line.kind === "published" ? `${entry.value}` : formatValue(entry.value, metric);
    return line.kind === "reference" ? value : `${value}, ${line.label}`;
  };
  const rowOf = (label: string, cells: readonly string[]) =>
    cells.every((cell) => cell === "–") ? [] : [rowText(label, cells)];
  return [
    rowText("", columns),
    rowText(
      "---",
      columns.map(() => "---"),
    ),
    ...rowOf(
      "best here",
      best.map(({ ours }, i) => cellOf(ours, i)),
    ),
    ...rowOf(
      "best published",
      best.map(({ theirs }, i) => cellOf(theirs, i)),
    ),
    ...lines
      .filter(({ kind }) => kind === "reference")
      .flatMap((line) =>
        rowOf(
          `_${line.label}_`,
          columns.map((_, i) => cellOf(line, i)),
        ),
      ),
  ].join("\n");
}

function tableText(
  { metric, columns, lines }: Table,
  { seeds, best, unranked }: { seeds: number; best: Best | null; unranked: readonly string[] },
): string {
  const marks = { method: "", reference: "_", published: "" };
  const textOf = ({ kind }: Line, entry: Entry | null): string => {
    if (entry === null) return "–";
    if (kind === "published") return `${entry.value}`;
    const { value, spread, runs, publishedBelow } = entry;
    const found = new Set(runs.map(({ seed }) => seed)).size;
    return [
      formatValue(value, metric),
      ...(spread === null ? [] : [`± ${formatValue(spread, metric)}`]),
      ...(kind === "method" && found < seeds
        ? [`(${found === 1 ? "1 seed" : `${found} seeds`})`]
        : []),
      ...(publishedBelow ? ["\\*"] : []),
    ].join(" ");
  };
  return [
    rowText("", columns),
    rowText(
      "---",
      columns.map(() => "---"),
    ),
    ...lines.map((line) => {
      const { label, kind, entries } = line;
      const name = kind === "published" ? `published: ${label}` : label;
      const cells = entries.map((entry, i) => {
        const text = textOf(line, entry);
        return [best?.[i]?.ours, best?.[i]?.theirs].includes(line) ? `**${text}**` : text;
      });
      const mark = unranked.includes(label) ? " †" : "";
      return rowText(`${marks[kind]}${name}${marks[kind]}${mark}`, cells);
    }),
  ].join("\n");
}

const uniqueTexts = (texts: readonly string[]) => [...new Set(texts)].sort();

/** More commits are counted. */
const mostCommits = 6;

/** The versions, each with the commits of a clone. */
function versionsOf(runs: readonly Finished[]): string {
  const texts = uniqueTexts(runs.map(({ dsbm }) => dsbm)).map((version) => {
    const commits = uniqueTexts(
      runs.flatMap(({ dsbm, commit }) => (dsbm === version && commit ? [commit] : [])),
    );
    if (commits.length > mostCommits)
      return [`dsbm ${version}`, `${commits.length} commits, which the CSV file names`];
    const named = commits.length === 1 ? "commit" : "commits";
    return [`dsbm ${version}`, ...(commits.length > 0 ? [`${named} ${commits.join(", ")}`] : [])];
  });
  return texts.map((text) => text.join(", ")).join("; ");
}

function madeBy(runs: readonly Finished[]): string[] {
  const days = uniqueTexts(runs.map(({ date }) => date.slice(0, 10)));
  return [
    `${runs.length} runs by ${versionsOf(runs)}`,
    `on ${uniqueTexts(runs.map(({ machine }) => machine)).join("; ")},`,
    `${[...new Set([days[0], days.at(-1)])].join(" to ")}, ${total(runs)}.`,
  ];
}

/** The time of all runs; unknown for runs that shared a machine. */
function total(runs: readonly Finished[]): string {
  const known = runs.flatMap(({ values }) => values.seconds ?? []);
  const seconds = known.reduce((sum, one) => sum + one, 0);
  const text =
    seconds < 600 ? `${seconds.toFixed(0)} seconds` : `${(seconds / 60).toFixed(0)} minutes`;
  return known.length === runs.length
    ? `${text} of runs`
    : `${text} of the ${known.length} runs with a time`;
}

/** A sentence for each number above the published one; equal ones of a method stand together. */
function explanations(table: Table, quick: boolean): string[] {
  return table.lines.flatMap(({ label, entries }) => {
    const byText = new Map<string, string[]>();
    for (const [i, entry] of entries.entries()) {
      if (!entry?.publishedBelow) continue;
      const text = reasons(table, { entry, column: i, quick }).join("; ");
      byText.set(text, [...(byText.get(text) ?? []), table.columns[i] as string]);
    }
    return [...byText].map(([text, columns]) => `${label}, ${columns.join(", ")}: ${text}.`);
  });
}

function reasons(
  { metric, lines, columns }: Table,
  { entry, column, quick }: { entry: Entry; column: number; quick: boolean },
): string[] {
  const { value, spread, runs, publishedBelow: rival } = entry;
  const count = new Set(runs.map(({ seed }) => seed)).size;
  const goal = rival?.values[columns[column] as string] as number;
  const known = [
    ...[metric.floor, rival?.floor].map((label) => floorOf({ metric, lines, label }, column, goal)),
    spread !== null && value - spread <= goal ? "within one standard deviation of the seeds" : null,
    quick ? (metric.quick ?? null) : null,
    stepsOf(runs, rival?.steps),
    rival?.seeds && count < rival.seeds
      ? `${count === 1 ? "one seed" : `${count} seeds`}, published: ${rival.seeds}`
      : null,
    rival?.differs ?? null,
  ].filter((reason) => reason !== null);
  return known.length > 0 ? known : ["no reason is known"];
}

/** The score of a perfect method, if it leaves little room below the published number. */
function floorOf(
  { metric, lines, label }: Pick<Table, "metric" | "lines"> & { label: string | undefined },
  column: number,
  goal: number,
): string | null {
  const floor = lines.find((line) => line.label === label)?.entries[column];
  if (!floor || floor.value < 0.7 * goal) return null;
  const found = `${label}: ${formatValue(floor.value, metric)}`;
  return floor.value >= goal ? `${found}, above the published number too` : found;
}

/** Training steps, if there were fewer than configured or published. */
function stepsOf(runs: readonly Finished[], published = 0): string | null {
  const least = (name: string) => Math.min(...runs.map(({ values }) => values[name] ?? Infinity));
  const [steps, whole] = [least("steps"), least("steps_full")];
  if (!Number.isFinite(steps) || steps <= 1) return null;
  const of = [
    ...(steps < 0.98 * whole && Number.isFinite(whole) ? [`${whole} of the full benchmark`] : []),
    ...(steps < published ? [`${published} published`] : []),
  ];
  return of.length > 0 ? `${steps} training steps (${of.join(", ")})` : null;
}
