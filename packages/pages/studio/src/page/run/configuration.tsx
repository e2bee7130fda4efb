import { useState } from "preact/hooks";
import type { RunDetail } from "../../shared/api.js";
import { Search, Table } from "../lib/parts.js";

/** The keys of a run with their values and reasons; keys with a reason come first. */
export function Configuration({ detail }: { detail: RunDetail }) {
  const [filter, setFilter] = useState("");
  const reasons = new Map(
    detail.choices.map(({ key, given, reason }) => [key, given ? "given" : reason]),
  );
  const isFound = (text: string) => text.toLowerCase().includes(filter.trim().toLowerCase());
  const found = detail.config
    .toSorted(([a], [b]) => Number(reasons.has(b)) - Number(reasons.has(a)))
    .filter(([key, value]) => isFound(`${key}=${value}`));
  return (
    <section aria-label="Configuration">
      <h2>Configuration</h2>
      {detail.command && <pre class="command">{detail.command}</pre>}
      <div class="bar">
        <Search
          label="Find"
          value={filter}
          placeholder="key or value"
          onInput={(text) => setFilter(text ?? "")}
        />
        <span class="note" role="status">
          {filter !== "" && `${found.length} of ${detail.config.length} keys`}
        </span>
      </div>
      {found.length > 0 && (
        <Table
          label="Table of keys"
          head={["Key", "Value", ...(reasons.size > 0 ? ["Why"] : [])]}
          rows={found.map(([key, value]) => ({
            name: key,
            cells: [value, ...(reasons.size > 0 ? [reasons.get(key)] : [])],
          }))}
          kind={(i) => (i === 0 ? "value" : "long")}
        />
      )}
    </section>
  );
}
