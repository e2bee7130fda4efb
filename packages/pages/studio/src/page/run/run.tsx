import { useEffect, useState } from "preact/hooks";
import type { HistoryPart, RunDetail, RunRow } from "../../shared/api.js";
import { emptyHistory } from "../../shared/history.js";
import { digits, duration, moment } from "../lib/format.js";
import { Alert, Pairs } from "../lib/parts.js";
import { hrefOf } from "../lib/route.js";
import { apiPath, ask, useEvents } from "../lib/server.js";
import { Play } from "../play/play.js";
import { Curves } from "./curves.js";
import { Configuration, Environment, Log, Verdicts } from "./facts.js";
import { Pictures } from "./pictures.js";

const tabs = ["overview", "play", "report", "configuration", "environment", "log"] as const;

export function RunPage({ id, params }: { id: string; params: URLSearchParams }) {
  const [detail, setDetail] = useState<RunDetail | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [history, setHistory] = useState(emptyHistory);
  useEffect(() => {
    // The stream reports it too; a separate request shows errors of the address.
    ask<RunDetail>(apiPath("run", { run: id })).then(setDetail, (e: Error) => setError(e.message));
  }, [id]);
  useEvents(apiPath("run/events", { run: id }), {
    detail: (value: RunDetail) => setDetail(value),
    row: (row: RunRow) => setDetail((before) => before && { ...before, row }),
    history: setHistory,
    gone: () => setError("the folder of this run was deleted"),
  });
  if (error !== null && detail === null) return <p class="wrong">{error}</p>;
  if (detail === null) return <p class="note">Reading the run …</p>;
  const tabParam = params.get("tab") ?? "overview";
  const tab = tabs.find((name) => name === tabParam) ?? "overview";
  const to = (name: string) => {
    const kept = Object.fromEntries([...new Set(params.keys())].map((k) => [k, params.getAll(k)]));
    return hrefOf("run", { ...kept, run: id, tab: name });
  };
  return (
    <>
      <Head detail={detail} history={history} error={error} />
      <nav class="tabs" aria-label="Parts of this run">
        {tabs.map((name) => (
          <a key={name} href={to(name)} aria-current={name === tab ? "page" : undefined}>
            {name[0]?.toUpperCase() + name.slice(1)}
          </a>
        ))}
      </nav>
      {tab === "overview" && (
        <>
          <Verdicts verdicts={detail.verdicts} />
          <Curves detail={detail} history={history} params={params} />
          <Pictures detail={detail} params={params} />
        </>
      )}
      {tab === "play" && <Play detail={detail} />}
      {tab === "report" && <Report detail={detail} />}
      {tab === "configuration" && <Configuration detail={detail} />}
      {tab === "environment" && <Environment detail={detail} />}
      {tab === "log" && <Log detail={detail} />}
    </>
  );
}

function Head({
  detail,
  history,
  error,
}: {
  detail: RunDetail;
  history: HistoryPart;
  error: string | null;
}) {
  const { row, problems } = detail;
  const wrong = [
    ...(error === null ? [] : [error]),
    ...(row.reason !== null && row.state !== "finished" ? [row.reason] : []),
    ...history.notFinite.map(
      ({ metric, value, half, step }) =>
        `${metric} is ${value} from step ${step} of half-iteration ${half} on`,
    ),
    ...problems,
  ];
  const facts: [string, string][] = [
    ["Half-iteration", row.halves === null ? `${row.half}` : `${row.half} of ${row.halves}`],
    ["Step", `${row.step}`],
    ["Loss", digits(row.loss)],
    ["Time", duration(row.seconds)],
    ["Method", row.method || "–"],
    ["Data", row.data || "–"],
    ["Seed", row.seed || "–"],
    ["Started", moment(row.started)],
  ];
  if (row.sweep !== null) facts.push(["Sweep", `${row.sweep}: ${row.member}`]);
  return (
    <>
      <h1>
        {row.name || "Run"}{" "}
        <span class={`state ${row.state}`} role="status">
          {row.state}
        </span>
      </h1>
      <p class="note place">{row.id}</p>
      <Alert
        kind={row.state === "interrupted" && wrong.length === 1 ? "warned" : "wrong"}
        lines={wrong}
      />
      <Pairs kind="facts" pairs={facts} />
    </>
  );
}

function Report({ detail }: { detail: RunDetail }) {
  if (!detail.hasReport)
    return <p class="note">This run has no report yet: it is written when the run ends.</p>;
  const folders = detail.row.id.split("/").map((name) => `${encodeURIComponent(name)}/`);
  return (
    <iframe
      class="report"
      title={`Report of ${detail.row.name}`}
      sandbox=""
      src={apiPath(`reports/${detail.row.id === "" ? "" : folders.join("")}report.html`)}
    />
  );
}
