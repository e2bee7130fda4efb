import type { BridgePlan } from "@dsbm/web/fit";

const textOf = (value: unknown): string =>
  Array.isArray(value) ? `[${value.join(",")}]` : String(value);

interface PlanProps {
  plan: BridgePlan;
  options: Readonly<Record<string, string>>;
  onChange(key: string, value: string): void;
}

/** The choices with their reasons; a changed value is the user's. */
export const PlanView = ({ plan, options, onChange }: PlanProps) => (
  <section aria-label="Plan">
    <h2>Plan</h2>
    {plan.warnings.length > 0 && (
      <ul class="warnings">
        {plan.warnings.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    )}
    <section class="box" aria-label="Choices" tabIndex={0}>
      <table class="plan">
        <thead>
          <tr>
            <th scope="col">option</th>
            <th scope="col">value</th>
            <th scope="col">because</th>
          </tr>
        </thead>
        <tbody>
          {plan.choices
            .filter(({ key, organising }) => !organising && key !== "max_minutes")
            .map(({ key, value, reason }) => (
              <tr key={key}>
                <th scope="row">
                  <code>{key}</code>
                </th>
                <td>
                  <input
                    aria-label={key}
                    value={options[key] ?? textOf(value)}
                    onChange={(event) => onChange(key, event.currentTarget.value)}
                  />
                </td>
                <td class="reason">{reason || "it was given"}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
    {plan.forecast.map((line) => (
      <p key={line}>{line}</p>
    ))}
    <p>The same on the command line:</p>
    <pre class="command" tabIndex={0}>
      {plan.command}
    </pre>
  </section>
);
