// One run: its state and time, its problems, and the part that the address names.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HistoryPart, RunDetail, RunRow } from "../../shared/api.js";
import { History } from "../../shared/history.js";
import { stepsOf } from "../../shared/plan.js";
import { digits, duration, moment, secondsOf } from "../lib/format.js";
import { Alert, Pairs, useTheme, useTicks } from "../lib/parts.js";
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
  const { history, take } = useHistory();
  useEffect(() => {
    // The stream reports it too; a separate request shows errors of the address.
    ask<RunDetail>(apiPath("run", { run: id })).then(setDetail, (e: Error) => setError(e.message));
  }, [id]);
  useEvents(apiPath("run/events", { run: id }), {
    detail: (value: RunDetail) => setDetail(value),
    row: (row: RunRow) => setDetail((before) => before && { ...before, row }),
    history: take,
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
      {tab === "play" && <Play detail={detail} params={params} />}
      {tab === "report" && <Report detail={detail} />}
      {tab === "configuration" && <Configuration detail={detail} params={params} />}
      {tab === "environment" && <Environment detail={detail} />}
      {tab === "log" && <Log detail={detail} />}
    </>
  );
}

function useHistory() {
  const kept = useRef(new History());
  const [version, setVersion] = useState(0);
  const history = useMemo(() => kept.current.part(), [version]);
  return {
    history,
    take(part: HistoryPart) {
      kept.current.append(part);
      setVersion((n) => n + 1);
    },
  };
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
  const { row, problems, plan } = detail;
  const steps = plan && stepsOf(plan, row).steps;
  const isLive = row.state === "running";
  useTicks(isLive);
  const seconds = secondsOf(row);
  const left = isLive ? timeLeft(detail, history, seconds) : null;
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
    ["Step", steps === null ? `${row.step}` : `${row.step} of ${steps}`],
    ["Loss", digits(row.loss)],
    ["Time", duration(seconds)],
    ["Method", row.method || "–"],
    ["Data", row.data || "–"],
    ["Seed", row.seed || "–"],
    ["Started", moment(row.started)],
  ];
  if (isLive) facts.splice(4, 0, ["Left", left === null ? "–" : `about ${duration(left)}`]);
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

function timeLeft(
  { maxMinutes, plan, row }: RunDetail,
  history: HistoryPart,
  seconds: number | null,
): number | null {
  if (maxMinutes !== null && seconds !== null) return Math.max(0, 60 * maxMinutes - seconds);
  const rates = (history.metrics.rate?.mean ?? []).filter((v) => v !== null).slice(-20);
  if (plan === null || rates.length === 0) return null;
  const mean = rates.reduce((sum, v) => sum + v, 0) / rates.length;
  return mean > 0 ? stepsOf(plan, row).left / mean : null;
}

function Report({ detail }: { detail: RunDetail }) {
  const theme = useTheme();
  if (!detail.hasReport)
    return <p class="note">This run has no report yet: it is written when the run ends.</p>;
  const folders = detail.row.id.split("/").map((name) => `${encodeURIComponent(name)}/`);
  return (
    <iframe
      class="report"
      title={`Report of ${detail.row.name}`}
      sandbox=""
      src={apiPath(`reports/${theme}/${detail.row.id === "" ? "" : folders.join("")}report.html`)}
    />
  );
}
