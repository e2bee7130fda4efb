import { useState } from "preact/hooks";
import { apiPath, usePolled } from "../lib/server.js";

interface OptionsProps {
  options: Readonly<Record<string, string>>;
  /** An empty text removes an option. */
  onChange(key: string, text: string): void;
}

/** Options with fields of their own: their labels and usual values. */
const usualOptions = { max_minutes: ["Minutes", "10"], seed: ["Seed", "42"] } as const;

/** Minutes and seed, the given options, and further ones by name. */
export const Options = ({ options, onChange }: OptionsProps) => (
  <section aria-label="Options">
    <h2>Options</h2>
    <div class="bar">
      {Object.entries(usualOptions).map(([name, [label, usual]]) => (
        <label key={name}>
          {label}{" "}
          <input
            value={options[name] ?? ""}
            placeholder={usual}
            inputMode="decimal"
            onChange={(e) => onChange(name, e.currentTarget.value)}
          />
        </label>
      ))}
    </div>
    <ul class="places" aria-label="Given options">
      {Object.keys(options)
        .filter((name) => !Object.hasOwn(usualOptions, name))
        .map((name) => (
          <li key={name}>
            <code>
              {name}={options[name]}
            </code>{" "}
            <button type="button" onClick={() => onChange(name, "")}>
              Remove <span class="hidden">{name}</span>
            </button>
          </li>
        ))}
    </ul>
    <FurtherOption onGive={onChange} />
  </section>
);

/** An option by its name. */
function FurtherOption({ onGive }: { onGive: OptionsProps["onChange"] }) {
  const { value: keys } = usePolled<string[]>(apiPath("keys"));
  const [key, setKey] = useState("");
  const [text, setText] = useState("");
  const give = (event: Event) => {
    event.preventDefault();
    onGive(key, text);
    setKey("");
    setText("");
  };
  return (
    <form class="bar" onSubmit={give}>
      <label>
        Another option{" "}
        <input
          list="keys"
          value={key}
          placeholder="time, data.split_by …"
          onInput={(e) => setKey(e.currentTarget.value)}
        />
      </label>
      <label>
        Value <input value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <button type="submit" disabled={key === "" || text === ""}>
        Give it
      </button>
      <datalist id="keys">
        {(keys ?? []).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </form>
  );
}
