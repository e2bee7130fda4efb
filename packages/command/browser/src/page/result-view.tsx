import type { FitFile, FittedBridge } from "@dsbm/web/fit";
import { useEffect, useRef, useState } from "preact/hooks";
import { ContentFrame } from "./content-frame.js";

function download(name: string, bytes: Uint8Array | string): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

interface ResultProps {
  bridge: FittedBridge;
  onError(error: unknown): void;
}

/** The player of the bridge, as an exported page; null until it is made, and for a bridge without export. */
function usePlayer({ bridge, onError }: ResultProps): FitFile | null {
  const [page, setPage] = useState<FitFile | null>(null);
  useEffect(() => {
    if (bridge.exportRefusal !== null) return;
    let isShown = true;
    bridge.export("html").then(
      ([file]) => isShown && setPage(file),
      (error) => isShown && onError(error),
    );
    return () => {
      isShown = false;
    };
  }, [bridge]);
  return page;
}

/** Downloads of a bridge; `page` is its player. */
function Downloads({ bridge, onError, page }: ResultProps & { page: FitFile | null }) {
  const { name, report, exportRefusal } = bridge;
  const attempt = (work: () => Promise<void>) => () => void work().catch(onError);
  const files = (kind: "onnx") => async () => {
    for (const [path, bytes] of await bridge.export(kind))
      if (bytes) download(path.replace(/.*\//, ""), bytes);
  };
  return (
    <div class="row">
      {(["f", "b"] as const).map((direction) => (
        <button
          type="button"
          key={direction}
          onClick={attempt(async () =>
            download(`${name}_${direction}.csv`, await bridge.samples(direction)),
          )}
        >
          Samples {direction === "f" ? "forward" : "backward"} (CSV)
        </button>
      ))}
      <button
        type="button"
        onClick={attempt(async () => download(`${name}.zip`, await bridge.zip()))}
      >
        Run (zip)
      </button>
      <button type="button" onClick={() => download(`${name}_report.html`, report)}>
        Report
      </button>
      {exportRefusal === null && (
        <>
          <button
            type="button"
            disabled={!page}
            onClick={() => page?.[1] && download(`${name}.html`, page[1])}
          >
            Page
          </button>
          <button type="button" onClick={attempt(files("onnx"))}>
            ONNX
          </button>
        </>
      )}
    </div>
  );
}

/** Verdicts, downloads, the player and the report of a bridge. */
export function ResultView({ bridge, onError }: ResultProps) {
  const page = usePlayer({ bridge, onError });
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.scrollIntoView(), []);
  const { quality, report, exportRefusal } = bridge;
  return (
    <section aria-label="Result" ref={place}>
      <h2>Result</h2>
      {quality.verdicts.map(({ direction, title, grade, reason, next }) => (
        <p class={`verdict ${grade}`} key={direction}>
          <b>{title}</b> {reason} {next?.reason && `${next.reason}.`}
        </p>
      ))}
      <Downloads bridge={bridge} onError={onError} page={page} />
      {exportRefusal !== null && (
        <p class="note">This bridge has no export and no player: {exportRefusal}.</p>
      )}
      {page?.[1] && (
        <ContentFrame kind="player" title="Player" html={new TextDecoder().decode(page[1])} />
      )}
      <ContentFrame kind="report" title="Report" html={report} />
    </section>
  );
}
