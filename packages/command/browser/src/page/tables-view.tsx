import { type GivenOptions, TableLookView } from "@dsbm/studio/widgets";
import type { FitTable } from "@dsbm/web/fit";

interface TablesProps {
  tables: readonly FitTable[];
  files: File[];
  /** Whether the columns are shown at once. */
  isOpen: boolean;
  /** The given options, of which some name columns. */
  given: GivenOptions;
}

/** Columns of each table: type, missing values, range and histogram. */
export const TablesView = ({ tables, files, isOpen, given }: TablesProps) => (
  <details aria-label="Data" open={isOpen}>
    <summary>
      <h2>Data</h2>
    </summary>
    {tables.map((table, k) => (
      <TableLookView
        key={k}
        name={files[k]?.name ?? ""}
        table={table}
        color={k === 0 ? "source" : "target"}
        given={given}
      />
    ))}
  </details>
);
