import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Rows, RunRow } from "../shared/api.js";
import { Alert } from "./lib/parts.js";
import { hrefOf, useRoute } from "./lib/route.js";
import { apiPath, useEvents } from "./lib/server.js";
import { RunPage } from "./run/run.js";
import { Compare } from "./runs/compare.js";
import { RunsPage } from "./runs/runs.js";

const noAnswer =
  "The studio does not answer: it was ended in its terminal, or the connection is lost. This page shows what it had.";

function App() {
  const { page, run, params } = useRoute();
  const [rows, setRows] = useState<ReadonlyMap<string, RunRow> | null>(null);
  const [{ left, folder }, setFolder] = useState({ left: 0, folder: "" });
  const isThere = useEvents(apiPath("runs/events"), {
    rows: (news: Rows) => {
      setFolder(news);
      setRows((before) => {
        const next = new Map(before ?? []);
        for (const id of news.removed) next.delete(id);
        for (const row of news.rows) next.set(row.id, row);
        return next;
      });
    },
  });
  const all = rows === null ? null : [...rows.values()];
  const title = page === "run" ? (rows?.get(run)?.name ?? "run") : page;
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
      {!isThere && <Alert lines={[noAnswer]} />}
      <main>
        {page === "runs" && <RunsPage rows={all} left={left} folder={folder} params={params} />}
        {page === "run" && <RunPage key={run} id={run} params={params} />}
        {page === "compare" && <Compare rows={rows} params={params} />}
      </main>
    </>
  );
}

render(<App />, document.getElementById("app") as HTMLElement);
