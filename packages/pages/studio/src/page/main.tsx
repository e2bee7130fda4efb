import { render } from "preact";
import { useEffect } from "preact/hooks";
import type { StudioState } from "../shared/api.js";
import { JobBar } from "./job/job-bar.js";
import { Fault } from "./lib/parts.js";
import { hrefOf, useRoute } from "./lib/route.js";
import { apiPath, usePolled } from "./lib/server.js";
import { NewPage } from "./new/new.js";
import { RunPage } from "./run/run.js";
import { Compare } from "./runs/compare.js";
import { RunsPage } from "./runs/runs.js";

function App() {
  const { page, run, params } = useRoute();
  const { value: state, error } = usePolled<StudioState>(apiPath("runs"));
  const names = { runs: "runs", run: "run", compare: "compare", new: "new bridge" };
  const title = (page === "run" && state?.rows.find(({ id }) => id === run)?.name) || names[page];
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
          {state?.isReadOnly === false && (
            <a href={hrefOf("new")} aria-current={page === "new" ? "page" : undefined}>
              New bridge
            </a>
          )}
          {(page === "run" || page === "compare") && (
            <a href={location.hash} aria-current="page">
              {title}
            </a>
          )}
        </nav>
        {state?.isReadOnly && <span class="note">read-only</span>}
      </header>
      <Fault text={error} />
      <main>
        {state && <JobBar state={state} />}
        {page === "runs" && <RunsPage runs={state} params={params} />}
        {page === "run" && <RunPage key={run} id={run} params={params} state={state} />}
        {page === "new" &&
          (state?.isReadOnly ? (
            <p class="note">This studio only shows: start it without --read-only.</p>
          ) : (
            <NewPage state={state} params={params} />
          ))}
        {page === "compare" && state && <Compare params={params} state={state} />}
      </main>
    </>
  );
}

render(<App />, document.getElementById("app") as HTMLElement);
