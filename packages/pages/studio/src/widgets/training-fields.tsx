interface TrainingFieldsProps {
  /** Minutes and seed as typed; "" is the usual value. */
  values: Readonly<Record<"minutes" | "seed", string>>;
  onChange(name: "minutes" | "seed", text: string): void;
}

/** The labels of the fields, and their values without an answer. */
const fields = { minutes: ["Minutes", "10"], seed: ["Seed", "42"] } as const;

/** How long a training may take, and its seed. */
export const TrainingFields = ({ values, onChange }: TrainingFieldsProps) => (
  <>
    {(["minutes", "seed"] as const).map((name) => (
      <label key={name}>
        {fields[name][0]}{" "}
        <input
          class="short"
          value={values[name]}
          placeholder={fields[name][1]}
          inputMode="decimal"
          onChange={(e) => onChange(name, e.currentTarget.value)}
        />
      </label>
    ))}
  </>
);
