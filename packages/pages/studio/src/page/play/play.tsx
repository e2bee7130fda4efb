// A bridge is exported once by another process, and then runs here.
import { mountPlayer, type PlayerSettings } from "@dsbm/web/player";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ExportState, RunDetail } from "../../shared/api.js";
import { Alert } from "../lib/parts.js";
import { setParams } from "../lib/route.js";
import { apiPath, ask, send } from "../lib/server.js";
import { loadExport } from "./load.js";

const againMs = 700;

export function Play({ detail, params }: { detail: RunDetail; params: URLSearchParams }) {
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
      {played?.id && <Player key={played.id} id={played.id} files={played.files} params={params} />}
    </section>
  );
}

function Player({
  id,
  files,
  params,
}: {
  id: string;
  files: readonly string[];
  params: URLSearchParams;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [said, setSaid] = useState<string | null>("Loading the bridge …");
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const stopped = new AbortController();
    let end = () => {};
    loadExport({ id, files }, stopped.signal)
      .then(({ bridge, samples }) => {
        if (stopped.signal.aborted) return bridge.dispose();
        const player = mountPlayer(place.current as HTMLElement, bridge, {
          ...samples,
          settings: settingsIn(params),
          onSettings: (settings) => setParams({ play: JSON.stringify(settings) }),
        });
        end = () => {
          player.destroy();
          bridge.dispose();
        };
        setSaid(null);
      })
      .catch((problem: Error) => {
        if (!stopped.signal.aborted) setError(problem.message);
      });
    return () => {
      stopped.abort();
      end();
    };
  }, [id]);
  return (
    <>
      {error === null && said !== null && <p role="status">{said}</p>}
      <Alert lines={[error ?? []].flat()} />
      <div ref={place} />
    </>
  );
}

function settingsIn(params: URLSearchParams): Partial<PlayerSettings> {
  try {
    const value: unknown = JSON.parse(params.get("play") ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
