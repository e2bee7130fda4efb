import type { ComponentChildren } from "preact";
import { Scroll } from "./parts.js";

interface LineCell {
  content: ComponentChildren;
  kind?: string;
}

/** A line of a table of groups. */
export interface GroupLine {
  name: ComponentChildren;
  id: string;
  cells: readonly LineCell[];
}

/** A table with a column for each group; on a narrow page each line is a card. */
export function GroupTable({
  label,
  corner,
  heads,
  lines,
}: {
  label: string;
  corner: string;
  heads: readonly { label: string; content: ComponentChildren }[];
  lines: readonly GroupLine[];
}) {
  return (
    <Scroll label={label}>
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">{corner}</th>
            {heads.map(({ label: name, content }) => (
              <th scope="col" key={name}>
                {content}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, id, cells }) => (
            <tr key={id}>
              <th scope="row">{name}</th>
              {cells.map(({ content, kind = "" }, i) => (
                <td key={heads[i]?.label} data-name={heads[i]?.label} class={kind}>
                  <div>{content}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
