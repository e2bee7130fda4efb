import type { FitColumn, FitTable } from "@dsbm/web/fit";

const barWidth = 5;
const barsHeight = 26;
const number = (x: number) => Number(x.toPrecision(4));

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
      aria-label={`from ${number(low)} to ${number(high)}`}
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
  return `${number(histogram.low)} to ${number(histogram.high)}`;
};

/** A mean with as many digits as the deviation gives it. */
const meanText = ({ histogram }: FitColumn): string => {
  if (!histogram) return "";
  const { mean, deviation } = histogram;
  const isZero = Math.abs(mean) < 1e-6 * deviation;
  return `${isZero ? 0 : number(mean)} ± ${number(deviation)}`;
};

interface TableLookProps {
  /** The name of the table. */
  name: string;
  table: FitTable;
  /** The class of its bars: "source". */
  color: string;
  /** Excluded columns. */
  excluded?: readonly string[];
  onExclude?(column: string, isExcluded: boolean): void;
}

/** Columns of a table: type, missing values, mean, range and histogram. */
export const TableLookView = ({ name, table, color, excluded = [], onExclude }: TableLookProps) => (
  <div>
    <h3>
      {name}: {table.rows} rows of {table.columnCount} columns
    </h3>
    {table.notes.map((note) => (
      <p key={note}>{note}</p>
    ))}
    <section class="box" aria-label={`Columns of ${name}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {onExclude && <th scope="col">use</th>}
            {["column", "type", "missing", "values", "mean ± deviation", "histogram"].map(
              (head) => (
                <th scope="col" key={head}>
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {table.columns.map((column) => (
            <tr key={column.name}>
              {onExclude && (
                <td>
                  <input
                    type="checkbox"
                    aria-label={`use ${column.name}`}
                    checked={!excluded.includes(column.name)}
                    onChange={(event) => onExclude(column.name, !event.currentTarget.checked)}
                  />
                </td>
              )}
              <th scope="row">{column.name}</th>
              <td>{column.kind}</td>
              <td>{column.missing}</td>
              <td>{rangeText(column)}</td>
              <td>{meanText(column)}</td>
              <td>
                <Bars histogram={column.histogram} color={color} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  </div>
);
