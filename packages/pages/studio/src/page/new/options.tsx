import { useState } from "preact/hooks";
import { TrainingFields } from "../../widgets/index.js";
import { apiPath, usePolled } from "../lib/server.js";

interface OptionsProps {
  options: Readonly<Record<string, string>>;
  /** An empty text removes an option. */
  onChange(key: string, text: string): void;
}

/** The options with fields of their own. */
const fieldOptions = { minutes: "max_minutes", seed: "seed" } as const;
const hasField = (name: string) => Object.values<string>(fieldOptions).includes(name);

/** Minutes and seed, the given options, and further ones by name. */
export const Options = ({ options, onChange }: OptionsProps) => (
  <section aria-label="Options">
    <h2>Options</h2>
    <div class="bar">
      <TrainingFields
        values={{ minutes: options.max_minutes ?? "", seed: options.seed ?? "" }}
        onChange={(name, text) => onChange(fieldOptions[name], text)}
      />
    </div>
    <ul class="places" aria-label="Given options">
      {Object.keys(options)
        .filter((name) => !hasField(name))
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
    <p class="note">
      Several values of an option, such as <code>0.5,1,2</code>, make a sweep: a run for each value.
    </p>
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
