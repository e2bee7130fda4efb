import { useState } from "preact/hooks";
import type { RunDetail, StudioState } from "../../shared/api.js";
import { isAtWork } from "../job/job-bar.js";
import { Scale } from "../lib/bar.js";
import { digits, duration, faultsOf, moment, stateClass } from "../lib/format.js";
import { LogText } from "../lib/log-text.js";
import { Alert, Fault, Pairs } from "../lib/parts.js";
import { hrefOf } from "../lib/route.js";
import { apiPath, usePolled, useTask, waitForPage } from "../lib/server.js";
import { NoExport } from "../use/outputs.js";
import { Use } from "../use/use.js";
import { Care } from "./care.js";
import { Configuration } from "./configuration.js";
import { Curves } from "./curves.js";
import { Pictures } from "./pictures.js";

const tabs = ["overview", "use", "play", "report", "configuration", "log"] as const;

interface RunPageProps {
  id: string;
  params: URLSearchParams;
  /** null before the first answer. */
  state: StudioState | null;
}

/** The page of a run, read again while it trains. */
export function RunPage({ id, params, state }: RunPageProps) {
  const { value, error } = usePolled<RunDetail[]>(apiPath("run", { run: id }));
  const [detail] = value ?? [];
  const job = state?.job ?? null;
  const isBusy = isAtWork(job);
  if (!detail) {
    const isComing = isBusy && job?.runs.includes(id) === true;
    const text = isComing ? "The run appears here with its first line." : "Reading the run …";
    return (
      <p class={isComing || error === null ? "note" : "wrong"}>
        {isComing ? text : (error ?? text)}
      </p>
    );
  }
  const mayWrite = state?.isReadOnly === false;
  const tabParam = params.get("tab") ?? "overview";
  const tab = tabs.find((name) => name === tabParam) ?? "overview";
  const to = (name: string) => {
    const kept = Object.fromEntries([...new Set(params.keys())].map((k) => [k, params.getAll(k)]));
    return hrefOf("run", { ...kept, run: id, tab: name });
  };
  return (
    <>
      <Head detail={detail} error={error} />
      {mayWrite && <Care detail={detail} isBusy={isBusy} />}
      <nav class="tabs" aria-label="Parts of this run">
        {tabs
          .filter((name) => mayWrite || name !== "use")
          .map((name) => (
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
      {tab === "use" && mayWrite && <Use detail={detail} isBusy={isBusy} />}
      {tab === "play" && <Play detail={detail} />}
      {tab === "report" && <Report detail={detail} />}
      {tab === "configuration" && <Configuration detail={detail} />}
      {tab === "log" && <Log detail={detail} />}
    </>
  );
}

function Head({ detail, error }: { detail: RunDetail; error: string | null }) {
  const { row, history, problems } = detail;
  const wrong = [
    ...(error === null ? [] : [error]),
    ...faultsOf({ ...row, problems }),
    ...history.notFinite.map(
      ({ metric, value, half, step }) =>
        `${metric} is ${value} from step ${step} of half-iteration ${half} on`,
    ),
  ];
  const facts: [string, string][] = [
    ["Half-iteration", row.halves === null ? `${row.half}` : `${row.half} of ${row.halves}`],
    ["Step", `${row.step}`],
    ["Loss", digits(row.loss)],
    ["Time", duration(row.seconds)],
    ...(row.progress?.left == null
      ? []
      : [["Time left", duration(row.progress.left)] as [string, string]]),
    ["Method", row.method || "–"],
    ["Data", row.data || "–"],
    ["Seed", row.seed || "–"],
    ["Started", moment(row.started)],
  ];
  return (
    <>
      <h1>
        {row.name || "Run"}{" "}
        <span class={stateClass(row)} role="status">
          {row.state}
        </span>
      </h1>
      <p class="note place">{row.id}</p>
      {row.note !== "" && <p class="remark">{row.note}</p>}
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
  const src = apiPath(`reports/${detail.row.id === "" ? "" : folders.join("")}report.html`);
  return (
    <>
      <p>
        <a href={src} target="_blank" rel="noreferrer">
          The report on a page of its own
        </a>
        , to print or save.
      </p>
      <iframe class="report" title={`Report of ${detail.row.name}`} sandbox="" src={src} />
    </>
  );
}

function Log({ detail }: { detail: RunDetail }) {
  return (
    <section aria-label="Log">
      <h2>Log</h2>
      {detail.log === null ? (
        <p class="note">
          This run has no log.txt: it has said nothing yet, or an older version wrote it.
        </p>
      ) : (
        <LogText>{detail.log}</LogText>
      )}
    </section>
  );
}

function Verdicts({ verdicts }: Pick<RunDetail, "verdicts">) {
  return (
    <section aria-label="How good it is">
      {verdicts.map(({ grade, title, reason, bars, next }) => (
        <div class={`verdict ${grade}`} key={title}>
          <p>
            <b>{title}</b> {reason}
          </p>
          {bars.map((bar) => (
            <Scale key={bar.title} {...bar} />
          ))}
          {next && (
            <p>
              {next.command !== null && next.reason !== "" ? `${next.reason}: ` : next.reason}
              {next.command !== null && <code>{next.command}</code>}
            </p>
          )}
        </div>
      ))}
      {verdicts.some(({ bars }) => bars.length > 0) && (
        <p class="note">
          Each bar goes from real data (the floor) to no bridge (the ceiling). The dot is this
          bridge with its 95 % interval. The green band is where further real data may lie.
        </p>
      )}
    </section>
  );
}

function Play({ detail }: { detail: RunDetail }) {
  const { row, models } = detail;
  // A live run gets newer networks: the present bridge stays until the user asks for them.
  const [played, setPlayed] = useState<number | null>(null);
  const task = useTask();
  const addressOf = (networks: number) =>
    apiPath("play", { run: row.id, models: String(networks) });
  if (models === 0)
    return <p class="note">There is nothing to play with before the first half-iteration ends.</p>;
  if (detail.exportRefusal !== null) return <NoExport detail={detail} />;
  return (
    <section aria-label="Play">
      {played === null && (
        <p>
          The bridge is exported once and then runs in this page: particles on their way, forward
          and backward, with the number of steps and the noise that you choose.
        </p>
      )}
      {played !== models && (
        <button
          type="button"
          disabled={task.isBusy}
          onClick={() =>
            task.run(async () => {
              await waitForPage(addressOf(models));
              setPlayed(models);
            })
          }
        >
          {played === null ? "Export this bridge and play" : "Play the newer networks"}
        </button>
      )}
      {task.isBusy && <p role="status">The export takes some seconds.</p>}
      <Fault text={task.error} />
      {played !== null && (
        <iframe
          class="report player"
          title={`Player of ${row.name}`}
          sandbox="allow-scripts"
          src={addressOf(played)}
        />
      )}
    </section>
  );
}
