// A bridge is exported once by another process, as the page that plays it.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ExportState, RunDetail } from "../../shared/api.js";
import { Alert } from "../lib/parts.js";
import { apiPath, ask, send } from "../lib/server.js";

const againMs = 700;

export function Play({ detail }: { detail: RunDetail }) {
  const run = detail.row.id;
  const [found, setFound] = useState<ExportState | null>(null);
  const [error, setError] = useState<string | null>(null);
  const isRunning = found?.state === "running";
  // A live run gets newer networks: the present bridge stays until the user asks for them.
  const ready = useRef<ExportState | null>(null);
  if (found?.state === "ready") ready.current = found;
  const played = ready.current;
  const take = (asked: Promise<ExportState>) =>
    asked.then(setFound, (e: Error) => setError(e.message));
  useEffect(() => {
    take(ask(apiPath("export", { run })));
    if (!isRunning) return;
    const timer = setInterval(() => take(ask(apiPath("export", { run }))), againMs);
    return () => clearInterval(timer);
  }, [run, isRunning, detail.models]);
  if (detail.models === 0)
    return <p class="note">There is nothing to play with before the first half-iteration ends.</p>;
  return (
    <section aria-label="Play">
      <h2>Play</h2>
      {!played && (
        <p>
          The bridge is exported once and then runs in this page: particles on their way, forward
          and backward, with the number of steps and the noise that you choose.
        </p>
      )}
      {played && found?.state !== "ready" && <p>The run has newer networks by now.</p>}
      {found?.state !== "ready" && (
        <button
          type="button"
          disabled={found === null || isRunning}
          onClick={() => {
            setError(null);
            take(send(apiPath("export", { run }), {}));
          }}
        >
          {isRunning ? "Exporting …" : "Export this bridge and play"}
        </button>
      )}
      {isRunning && <p role="status">The export takes some seconds.</p>}
      <Alert lines={[error ?? found?.error ?? []].flat()} />
      {played?.id && (
        <iframe
          class="report"
          title={`Player of ${detail.row.name}`}
          sandbox="allow-scripts"
          src={apiPath("export/page", { id: played.id })}
        />
      )}
    </section>
  );
}
