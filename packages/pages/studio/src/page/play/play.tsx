// A bridge is exported once by another process, as the page that plays it.
import { useState } from "preact/hooks";
import type { RunDetail } from "../../shared/api.js";
import { apiPath } from "../lib/server.js";

export function Play({ detail: { row, models } }: { detail: RunDetail }) {
  // A live run gets newer networks: the present bridge stays until the user asks for them.
  const [played, setPlayed] = useState<number | null>(null);
  const [isLoaded, setLoaded] = useState(false);
  if (models === 0)
    return <p class="note">There is nothing to play with before the first half-iteration ends.</p>;
  return (
    <section aria-label="Play">
      <h2>Play</h2>
      {played === null && (
        <p>
          The bridge is exported once and then runs in this page: particles on their way, forward
          and backward, with the number of steps and the noise that you choose.
        </p>
      )}
      {played !== models && (
        <button
          type="button"
          onClick={() => {
            setLoaded(false);
            setPlayed(models);
          }}
        >
          {played === null ? "Export this bridge and play" : "Play the newer networks"}
        </button>
      )}
      {played !== null && !isLoaded && <p role="status">The export takes some seconds.</p>}
      {played !== null && (
        <iframe
          class="report"
          title={`Player of ${row.name}`}
          sandbox="allow-scripts"
          src={apiPath("play", { run: row.id, models: String(played) })}
          onLoad={() => setLoaded(true)}
        />
      )}
    </section>
  );
}
