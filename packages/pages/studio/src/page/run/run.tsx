import type { RunDetail } from "../../shared/api.js";
import { digits, duration, moment } from "../lib/format.js";
import { Alert, Pairs } from "../lib/parts.js";
import { hrefOf } from "../lib/route.js";
import { apiPath, usePolled } from "../lib/server.js";
import { Play } from "../play/play.js";
import { Curves } from "./curves.js";
import { Configuration, Environment, Log, Verdicts } from "./facts.js";
import { Pictures } from "./pictures.js";

const tabs = ["overview", "play", "report", "configuration", "environment", "log"] as const;

export function RunPage({ id, params }: { id: string; params: URLSearchParams }) {
  const { value, error } = usePolled<RunDetail[]>(apiPath("run", { run: id }));
  const [detail] = value ?? [];
  if (!detail)
    return <p class={error === null ? "note" : "wrong"}>{error ?? "Reading the run …"}</p>;
  const tabParam = params.get("tab") ?? "overview";
  const tab = tabs.find((name) => name === tabParam) ?? "overview";
  const to = (name: string) => {
    const kept = Object.fromEntries([...new Set(params.keys())].map((k) => [k, params.getAll(k)]));
    return hrefOf("run", { ...kept, run: id, tab: name });
  };
  return (
    <>
      <Head detail={detail} error={error} />
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
          <Curves detail={detail} />
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

function Head({ detail, error }: { detail: RunDetail; error: string | null }) {
  const { row, history, problems } = detail;
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
