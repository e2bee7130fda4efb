import type { FitColumn, FitTable } from "@dsbm/web/fit";

const barWidth = 5;
const barsHeight = 26;

function Bars({ histogram, color }: { histogram: FitColumn["histogram"]; color: string }) {
  if (!histogram) return null;
  const { shares, low, high } = histogram;
  const most = Math.max(...shares);
  const number = (x: number) => Number(x.toPrecision(3));
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
  return `${Number(histogram.low.toPrecision(4))} to ${Number(histogram.high.toPrecision(4))}`;
};

interface TablesProps {
  tables: readonly FitTable[];
  files: File[];
  /** Whether the columns are shown at once. */
  isOpen: boolean;
}

/** Columns of each table: type, missing values, range and histogram. */
export const TablesView = ({ tables, files, isOpen }: TablesProps) => (
  <details aria-label="Data" open={isOpen}>
    <summary>
      <h2>Data</h2>
    </summary>
    {tables.map((table, k) => (
      <div key={k}>
        <h3>
          {files[k]?.name}: {table.rows} rows of {table.columnCount} columns
        </h3>
        {table.notes.map((note) => (
          <p key={note}>{note}</p>
        ))}
        <section class="box" aria-label={`Columns of ${files[k]?.name}`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {["column", "type", "missing", "values", ""].map((name) => (
                  <th scope="col" key={name}>
                    {name || <span class="unseen">histogram</span>}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.columns.map((column) => (
                <tr key={column.name}>
                  <th scope="row">{column.name}</th>
                  <td>{column.kind}</td>
                  <td>{column.missing}</td>
                  <td>{rangeText(column)}</td>
                  <td>
                    <Bars histogram={column.histogram} color={k === 0 ? "source" : "target"} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
    ))}
  </details>
);
