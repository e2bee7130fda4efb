import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** A wide table in a box that scrolls, also with keys. */
export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <section class="box" aria-label={label} tabIndex={0}>
    {children}
  </section>
);

interface TableProps {
  label: string;
  /** The heads of columns; the first names the rows. */
  head: readonly ComponentChildren[];
  rows: readonly { name: ComponentChildren; title?: string; cells: readonly ComponentChildren[] }[];
  kind(i: number): string;
}

/** A table that scrolls within a narrow page. */
export const Table = ({ label, head, rows, kind }: TableProps) => (
  <Scroll label={label}>
    <table class="cards">
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
              <td class={kind(i)} data-name={head[i + 1]} key={i}>
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

/** A number that may be missing, with its label. */
export const NumberField = ({
  label,
  value,
  placeholder,
  onChange,
}: {
  label: string;
  value: number | null;
  placeholder?: string;
  onChange(value: number | null): void;
}) => (
  <label>
    {label}{" "}
    <input
      type="number"
      min="1"
      step="1"
      value={value ?? ""}
      placeholder={placeholder}
      onChange={(e) => onChange(Math.trunc(Number(e.currentTarget.value)) || null)}
    />
  </label>
);

/** A button that copies a command. */
export function CopyButton({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <>
      <button
        type="button"
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {isCopied ? "Copied" : "Copy the command"}
      </button>
      <span class="hidden" role="status">
        {isCopied && "The command is copied."}
      </span>
    </>
  );
}

/** Why something failed; null: it did not. */
export const Fault = ({ text }: { text: string | null }) => (
  <Alert lines={text === null ? [] : text.split("\n")} />
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
