import type { ComponentChildren } from "preact";

/** A wide table in a box that scrolls, also with keys. */
export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <section class="box" aria-label={label} tabIndex={0}>
    {children}
  </section>
);

interface TableProps {
  label: string;
  /** Of columns; the first names the rows. */
  head: readonly ComponentChildren[];
  rows: readonly { name: ComponentChildren; title?: string; cells: readonly ComponentChildren[] }[];
  kind(i: number): string;
}

/** A table that scrolls within a narrow page. */
export const Table = ({ label, head, rows, kind }: TableProps) => (
  <Scroll label={label}>
    <table>
      <thead>
        <tr>
          {head.map((title, i) => (
            <th scope="col" class={i > 0 && kind(i - 1) === "number" ? "number" : ""} key={i}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, title, cells }, row) => (
          <tr key={row}>
            <th scope="row" title={title}>
              {name}
            </th>
            {cells.map((cell, i) => (
              <td class={kind(i)} key={i}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);

/** A list of names and values. */
export const Pairs = ({
  kind,
  pairs,
}: {
  kind: string;
  pairs: readonly (readonly [name: string, value: string])[];
}) => (
  <dl class={kind}>
    {pairs.map(([name, value], i) => (
      <div key={i}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** Lines that need attention. */
export const Alert = ({
  lines,
  kind = "wrong",
}: {
  lines: readonly string[];
  kind?: "wrong" | "warned";
}) =>
  lines.length === 0 ? null : (
    <div class={kind} role="alert">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );

interface SelectProps {
  label: string;
  value: string;
  /** The values, each with its name if that is another. */
  options: readonly (string | readonly [value: string, name: string])[];
  onChange(value: string): void;
}

/** A labelled choice of one option. */
export const Select = ({ label, value, options, onChange }: SelectProps) => (
  <label>
    {label}{" "}
    <select value={value} onChange={(e) => onChange(e.currentTarget.value)}>
      {options.map((option) => {
        const [id, name] = typeof option === "string" ? [option, option] : option;
        return (
          <option key={id} value={id}>
            {name}
          </option>
        );
      })}
    </select>
  </label>
);

interface SearchProps {
  label: string;
  value: string;
  placeholder?: string;
  /** null: the field is empty. */
  onInput(value: string | null): void;
}

/** A labelled field for a filter. */
export const Search = ({ label, onInput, ...input }: SearchProps) => (
  <label>
    {label}{" "}
    <input type="search" {...input} onInput={(e) => onInput(e.currentTarget.value || null)} />
  </label>
);
