import { shortNumber } from "@dsbm/files/numbers";
import type { FitColumn, FitTable } from "@dsbm/web/fit";
import { type ColumnUse, columnUses, groupKeys, useOf, withUse } from "./column-uses.js";

const barWidth = 5;
const barsHeight = 26;

/** The histogram of a column; nothing for texts. */
export function Bars({ histogram, color }: { histogram: FitColumn["histogram"]; color: string }) {
  if (!histogram) return null;
  const { shares, low, high } = histogram;
  const most = Math.max(...shares);
  return (
    <svg
      width={barWidth * shares.length}
      height={barsHeight}
      role="img"
      aria-label={`from ${shortNumber(low)} to ${shortNumber(high)}`}
    >
      {shares.map((share, i) => (
        <rect
          key={i}
          class={color}
          x={barWidth * i}
          y={barsHeight * (1 - share / most)}
          width={barWidth - 1}
          height={(barsHeight * share) / most}
        />
      ))}
    </svg>
  );
}

const rangeText = ({ histogram, examples, kind }: FitColumn): string => {
  if (kind === "text") return examples.join(", ");
  if (!histogram) return "no values";
  return `${shortNumber(histogram.low)} to ${shortNumber(histogram.high)}`;
};

/** A mean with as many digits as the deviation gives it. */
const meanText = ({ histogram }: FitColumn): string => {
  if (!histogram) return "";
  const { mean, deviation } = histogram;
  const isZero = Math.abs(mean) < 1e-6 * deviation;
  return `${isZero ? 0 : shortNumber(mean)} ± ${shortNumber(deviation)}`;
};

/** Options as typed, and what a change of them does. */
export interface GivenOptions {
  options: Readonly<Record<string, string>>;
  onChange(options: Record<string, string>): void;
}

interface UseFieldProps {
  column: FitColumn;
  use: ColumnUse;
  onUse(use: ColumnUse): void;
}

/** Numbers are trained on; texts only if `data.categories` says so. */
const usualUse = ({ kind }: FitColumn): string => (kind === "number" ? "trained on" : "text");

const UseField = ({ column, use, onUse }: UseFieldProps) => (
  <select
    aria-label={`use of ${column.name}`}
    value={use ?? ""}
    onChange={(event) => onUse((event.currentTarget.value || null) as ColumnUse)}
  >
    <option value="">{usualUse(column)}</option>
    {Object.entries(columnUses).map(([key, words]) => (
      <option key={key} value={key}>
        {words}
      </option>
    ))}
  </select>
);

/** Which rows are source and target. */
const GroupValues = ({ options, onChange }: GivenOptions) => (
  <p class="row bar">
    {groupKeys.map((key) => (
      <label key={key}>
        Rows of the {key.replace("data.", "")}: {options["data.split_by"]} is{" "}
        <input
          value={options[key] ?? ""}
          onChange={(event) => onChange({ ...options, [key]: event.currentTarget.value })}
        />
      </label>
    ))}
  </p>
);

interface TableLookProps {
  /** The name of the table. */
  name: string;
  table: FitTable;
  /** The class of its bars: "source". */
  color: string;
  /** The given options, of which some name columns (default: no uses are shown). */
  given?: GivenOptions;
}

/** Columns of a table: type, missing values, mean, range and histogram. */
export const TableLookView = ({ name, table, color, given }: TableLookProps) => (
  <div>
    <h3>
      {name}: {table.rows} rows of {table.columnCount} columns
    </h3>
    {table.notes.map((note) => (
      <p key={note}>{note}</p>
    ))}
    <section class="box" aria-label={`Columns of ${name}`} tabIndex={0}>
      <table class="look">
        <thead>
          <tr>
            {[
              "column",
              ...(given ? ["use"] : []),
              "type",
              "missing",
              "values",
              "mean ± deviation",
              "histogram",
            ].map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.columns.map((column) => (
            <tr key={column.name}>
              <th scope="row">{column.name}</th>
              {given && (
                <td>
                  <UseField
                    column={column}
                    use={useOf(given.options, column.name)}
                    onUse={(use) => given.onChange(withUse(given.options, column, use))}
                  />
                </td>
              )}
              <td>{column.kind}</td>
              <td data-name="missing">{column.missing}</td>
              <td>{rangeText(column)}</td>
              <td data-name={meanText(column) && "mean"}>{meanText(column)}</td>
              <td>
                <Bars histogram={column.histogram} color={color} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
    {given?.options["data.split_by"] && <GroupValues {...given} />}
  </div>
);
