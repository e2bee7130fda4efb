import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { shortNumber } from "@dsbm/files/numbers";
import type { Conditions, Samples } from "../bridge/bridge.js";
import { type BridgeDescription, readDescription, shapeOfData } from "../export/description.js";
import { type ExportFiles, endNames } from "../export/load.js";
import { isPlain } from "../plain/runtime.js";

/** What a page of a bridge holds: models, samples, conditions and texts. */
export interface PageContent extends ExportFiles {
  /** Samples of both ends in the data's own units; null: none. */
  source?: Samples | null;
  target?: Samples | null;
  /** Samples of the intermediate times of a course. */
  between?: readonly Samples[];
  conditions?: { source: Conditions | null; target: Conditions | null };
  /** Default: plain for small MLPs; ONNX Runtime has some megabytes. */
  runtime?: "plain" | "onnx";
}

/** Bytes of a model beyond which ONNX Runtime is much faster. */
const mostPlain = 1.5e6;

const policyOf = (runtime: string) =>
  [
    "default-src 'none'",
    `script-src 'unsafe-inline'${runtime === "onnx" ? " 'wasm-unsafe-eval'" : ""}`,
    "worker-src blob:",
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

const workers = { plain: "plain-worker.js", onnx: "worker.js" } as const;

const asset = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../bundle/${name}`, import.meta.url)));

const packedScript = (id: string, bytes: Uint8Array) =>
  element(id, "text/plain", Buffer.from(gzipSync(bytes, { level: 9 })).toString("base64"));

const element = (id: string, type: string, text: string) =>
  `<script type="${type}" id="${id}">${text}</script>`;

const escapeScript = (script: string) => script.replaceAll(/<(?=\/script|!--|script)/gi, "\\x3c");
const json = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");

function numbers(id: string, samples: Samples | null, isPicture: boolean): string {
  if (!samples) return "";
  const data = Float32Array.from(samples.data, (x) =>
    isPicture ? Math.round(2048 * x) / 2048 : x,
  );
  return packedScript(id, new Uint8Array(data.buffer));
}

function packable(conditions: Conditions | null): unknown {
  if (!conditions) return null;
  const plain = (value: Conditions[string]) =>
    typeof value === "object" && "data" in value
      ? { data: [...value.data].map((x) => Number(x.toPrecision(5))), shape: value.shape }
      : value;
  return Object.fromEntries(Object.entries(conditions).map(([name, v]) => [name, plain(v)]));
}

/**
 * The page as text.
 * @throws {WebBridgeError} for another bridge.json.
 */
export function renderPlayerPage({
  bridge,
  models,
  source = null,
  target = null,
  between = [],
  conditions = { source: null, target: null },
  runtime = Object.values(models).every((m) => m.length < mostPlain && isPlain(m))
    ? "plain"
    : "onnx",
}: PageContent): string {
  const description = readDescription(bridge);
  const isPicture = description.state.type === "pictures" || shapeOfData(description).length === 3;
  const heading = headingOf(description);
  const names = Object.keys(models);
  const facts = factsOf(description, { source, target, between });
  const page = {
    bridge: description,
    models: Object.fromEntries(names.map((name, k) => [name, `model-${k}`])),
    source: source?.shape ?? null,
    target: target?.shape ?? null,
    between: between.map(({ shape }) => shape),
    conditions: { source: packable(conditions.source), target: packable(conditions.target) },
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(runtime)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(heading)}</title>
<style>${pageStyle}</style>
</head>
<body><main>
<h1>${escapeHtml(heading)}</h1>
<p>${facts.map(escapeHtml).join(" ")}</p>
<div id="player"><p role="status">Unpacking the bridge …</p></div>
${qualitySection(description)}
</main>
${element("page", "application/json", json(page))}
${names.map((name, k) => packedScript(`model-${k}`, models[name])).join("\n")}
${numbers("source", source, isPicture)}
${numbers("target", target, isPicture)}
${between.map((samples, i) => numbers(`between-${i}`, samples, isPicture)).join("\n")}
${runtime === "onnx" ? element("wasm", "text/plain", asset("ort.wasm.gz").toString("base64")) : ""}
${element("worker", "text/plain", escapeScript(asset(workers[runtime]).toString()))}
<script type="module">${escapeScript(asset("page.js").toString())}</script>
</body>
</html>
`;
}

/** What the page says of its bridge and of its samples. */
function factsOf(
  description: BridgeDescription,
  { source, target, between }: Required<Pick<PageContent, "source" | "target" | "between">>,
): string[] {
  const { method, method_title, license, trained, dsbm, data } = description;
  const [from, to] = endNames(data);
  const inner = between.reduce((sum, { shape: [n = 0] }) => sum + n, 0);
  const made = `${trained ? `trained on ${trained} ` : ""}with dsbm ${dsbm}`;
  return [
    `A bridge by ${method_title ?? method} between ${from} and ${to}, ${made}. This page needs no network and no other file.`,
    source || target
      ? `It holds the models, ${source?.shape[0] ?? 0} samples of ${from}${inner > 0 ? `, ${inner} of the times between` : ""} and ${target?.shape[0] ?? 0} of ${to}.`
      : "It holds the models and no samples.",
    ...(license ? [`Licence: ${license}`] : []),
  ];
}

/** "Day 2 → 3 → 7" of a course, else both ends. */
function headingOf({ data, times }: BridgeDescription): string {
  const [from, to] = endNames(data);
  if (!times?.name || times.labels.length < 3) return `${from} ↔ ${to}`;
  return `${times.name[0]?.toUpperCase()}${times.name.slice(1)} ${times.labels.join(" → ")}`;
}

type QualityRow = NonNullable<BridgeDescription["quality"]>[number];

/** The verdicts and metrics of quality.json, without single columns; "" without any. */
function qualitySection({ quality, verdicts }: BridgeDescription): string {
  const rows = (quality ?? []).filter(({ group }) => group !== "columns");
  const judged = verdicts ?? [];
  if (rows.length + judged.length === 0) return "";
  const parts = judged.map(
    ({ title, grade, reason }) =>
      `<p class="verdict ${escapeHtml(grade)}"><b>${escapeHtml(title)}</b> ${escapeHtml(reason)}</p>`,
  );
  return `<section><h2>How good it is</h2>
${parts.join("\n")}
<details${parts.length === 0 ? " open" : ""}><summary>${rows.length} metrics</summary>
<p>The floor is the score of real samples. The ceiling is the score without a bridge.</p>
${table(rows)}</details></section>`;
}

const wayNames: Readonly<Record<string, string>> = { f: "forward", b: "backward" };

const number = (x: number | null) => shortNumber(x, 3);

function table(rows: readonly QualityRow[]): string {
  const lines = rows.map(
    ({ title, direction, value, interval, floor, ceiling, grade, judgement }) =>
      `<tr><th scope="row">${escapeHtml(title)}</th><td>${wayNames[direction ?? ""] ?? ""}</td><td>${number(value)}</td><td>${interval ? interval.map(number).join(" to ") : "–"}</td><td>${number(floor)}</td><td>${number(ceiling)}</td><td class="grade ${escapeHtml(grade ?? "")}"><b>${escapeHtml(judgement ?? "")}</b></td></tr>`,
  );
  return `<div class="box" role="group" aria-label="Metrics" tabindex="0"><table><thead><tr><th scope="col">metric</th><th scope="col">direction</th><th scope="col">value</th><th scope="col">95 % interval</th><th scope="col">floor</th><th scope="col">ceiling</th><th scope="col" class="grade">grade</th></tr></thead>
<tbody>${lines.join("\n")}</tbody></table></div>`;
}

const pageStyle = `
:root { color-scheme: light dark; font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
* { box-sizing: border-box; }
@page { margin: 14mm 12mm; }
@media print { :root { color-scheme: light; font-size: 11px; } main { padding: 0; } .box { overflow: visible; } tr, .verdict { break-inside: avoid; } h2 { break-after: avoid; } }
body { margin: 0; background: light-dark(#fff, #15171a); color: light-dark(#1b1e23, #e6e8eb); }
main { max-width: 84rem; margin: 0 auto; padding: 1.2rem clamp(.8rem, 3vw, 3rem) 3rem; }
h1 { font-size: clamp(1.35rem, 1rem + 1.8vw, 2rem); line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
summary { cursor: pointer; margin: .6rem 0; }
p { margin: .4rem 0 1rem; max-width: 60rem; color: light-dark(#5c636d, #a0a7b1); }
.verdict { border-left: .3rem solid light-dark(#d9dce1, #363b42); background: light-dark(#f4f5f7, #1f2226); padding: .6rem 1rem; color: inherit; }
.verdict.good, .verdict.likely { border-color: light-dark(#0a7a4b, #4cc38a); } .verdict.partial { border-color: light-dark(#8f6200, #e2b03e); } .verdict.poor { border-color: light-dark(#b3261e, #ff8a80); }
td.grade, th.grade { text-align: left; }
.good b, .likely b { color: light-dark(#0a7a4b, #4cc38a); } .partial b { color: light-dark(#8f6200, #e2b03e); } .poor b { color: light-dark(#b3261e, #ff8a80); }
.undecided b, .unmeasured b { color: light-dark(#5c636d, #a0a7b1); }
.verdict.likely { border-left-style: dashed; }
.box { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid light-dark(#d9dce1, #363b42); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 9rem; }
`;

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
