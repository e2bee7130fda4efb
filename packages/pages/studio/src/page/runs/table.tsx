import type { RunRow } from "../../shared/api.js";
import { digits } from "../lib/format.js";
import { Scroll } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import { type Column, grouped } from "./columns.js";

interface RunTableProps {
  rows: readonly RunRow[];
  columns: readonly Column[];
  sortId: string;
  descending: boolean;
  isGrouped: boolean;
  chosen: readonly string[];
  onChoose(ids: string[]): void;
}

export function RunTable(props: RunTableProps) {
  const { rows, columns, sortId, descending, isGrouped } = props;
  const groups = isGrouped ? grouped(rows) : [[null, [...rows]] as [null, RunRow[]]];
  const sort = ({ id }: Column) =>
    setParams({
      sort: id,
      order: id === sortId ? (descending ? "asc" : "desc") : "asc",
    });
  return (
    <Scroll label="Table of runs">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Choose</span>
            </th>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                class={column.isNumber ? "number" : ""}
                aria-sort={
                  column.id !== sortId ? undefined : descending ? "descending" : "ascending"
                }
              >
                <button type="button" onClick={() => sort(column)}>
                  {column.title}
                  <span aria-hidden="true">
                    {column.id === sortId ? (descending ? " ▾" : " ▴") : ""}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        {groups.map(([sweep, members]) => (
          <tbody key={sweep ?? ""}>
            {isGrouped && (
              <tr class="group">
                <th colSpan={columns.length + 1} scope="rowgroup">
                  {sweep === null ? "Runs by themselves" : `Sweep ${sweep}`} ({members.length})
                </th>
              </tr>
            )}
            {members.map((row) => (
              <Line key={row.id} row={row} {...props} />
            ))}
          </tbody>
        ))}
      </table>
    </Scroll>
  );
}

function Line({ row, columns, chosen, onChoose }: RunTableProps & { row: RunRow }) {
  const { id, name, state, member } = row;
  const isChosen = chosen.includes(id);
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${name} ${shortPlace(row)}`}
          checked={isChosen}
          onChange={(e) =>
            onChoose(e.currentTarget.checked ? [...chosen, id] : chosen.filter((c) => c !== id))
          }
        />
      </td>
      {columns.map((column) => {
        if (column.id === "name")
          return (
            <th scope="row" key="name">
              <a href={hrefOf("run", { run: id })} title={id}>
                {name || "(this folder)"}
              </a>
              <small>{member || shortPlace(row)}</small>
            </th>
          );
        if (column.id === "state")
          return (
            <td key="state" title={row.reason ?? undefined}>
              <span class={`state ${state}`}>{state}</span>
            </td>
          );
        const reference = row.metrics[column.id]?.reference;
        return (
          <td key={column.id} class={column.isNumber ? "number" : ""}>
            {column.text(row)}
            {reference != null && <small> / {digits(reference)}</small>}
          </td>
        );
      })}
    </tr>
  );
}

export const shortPlace = ({ id }: RunRow): string => id.split("/").slice(-2).join("/");
