import { render } from "preact";
import { useEffect } from "preact/hooks";
import type { Runs } from "../shared/api.js";
import { Alert } from "./lib/parts.js";
import { hrefOf, useRoute } from "./lib/route.js";
import { apiPath, usePolled } from "./lib/server.js";
import { RunPage } from "./run/run.js";
import { Compare } from "./runs/compare.js";
import { RunsPage } from "./runs/runs.js";

function App() {
  const { page, run, params } = useRoute();
  const { value: runs, error } = usePolled<Runs>(apiPath("runs"));
  const title = page === "run" ? (runs?.rows.find(({ id }) => id === run)?.name ?? "run") : page;
  useEffect(() => {
    document.title = `${title} – dsbm studio`;
  }, [title]);
  return (
    <>
      <header class="top">
        <a class="brand" href={hrefOf("runs")}>
          dsbm studio
        </a>
        <nav aria-label="Pages">
          <a href={hrefOf("runs")} aria-current={page === "runs" ? "page" : undefined}>
            Runs
          </a>
          {page !== "runs" && (
            <a href={location.hash} aria-current="page">
              {title}
            </a>
          )}
        </nav>
      </header>
      <Alert lines={error === null ? [] : [error]} />
      <main>
        {page === "runs" && <RunsPage runs={runs} params={params} />}
        {page === "run" && <RunPage key={run} id={run} params={params} />}
        {page === "compare" && <Compare params={params} />}
      </main>
    </>
  );
}

render(<App />, document.getElementById("app") as HTMLElement);
