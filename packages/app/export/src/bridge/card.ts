// README.md of an export, a model card.
import type { BridgeDescription } from "./description.js";

const plain = (text: string): string =>
  text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>#|!~]/g, "\\$&");

/** The training samples in the models, in a few words; "" for none. */
export function heldSamples({ directions, data }: BridgeDescription): string {
  const held = Object.entries(directions).flatMap(([way, { samples }]) => {
    const end = way === "f" ? data.target : data.source;
    return samples ? [`${samples} of ${plain(end?.name ?? "a Gaussian")} (${way})`] : [];
  });
  return held.join(" and ");
}

/** `sizes`: bytes of the model files by name. */
export function modelCard(bridge: BridgeDescription, sizes: ReadonlyMap<string, number>): string {
  const { data, method, license, schedule, state } = bridge;
  const target = data.target?.name ?? "a Gaussian";
  const isFlow = bridge.kind === "velocity";
  const held = heldSamples(bridge);
  return [
    ...(license && /^[\w.+-]+$/.test(license) ? ["---", `license: ${license}`, "---", ""] : []),
    `# A ${isFlow ? "flow" : "Schrödinger bridge"} from ${plain(data.source.name)} to ${plain(target)}`,
    "",
    `Trained with dsbm ${bridge.dsbm} (method \`${method}\`). It carries samples of one data set to samples of the other, ${isFlow ? "along a flow without noise" : "at random, and staying close to where they were"}.`,
    "",
    "| | |",
    "| --- | --- |",
    ...rowsOf([
      ["source (time 0)", endText(data.source)],
      ["target (time 1)", data.target ? endText(data.target) : "a Gaussian"],
      ["samples", `${state.type} [${state.shape.join(", ")}]`],
      ...(bridge.columns ? [["columns", bridge.columns.map(plain).join(", ")] as const] : []),
      [
        "directions",
        Object.entries(bridge.directions)
          .map(([d, { model }]) => `${d}: ${model}`)
          .join(", "),
      ],
      ["size", [...sizes].map(([name, bytes]) => `${name} ${bytesText(bytes)}`).join(", ")],
      ...(held
        ? [["**training samples**", `the models hold ${held}, as they were trained on`] as const]
        : []),
      ...(isFlow ? [] : [["reference process", processText(bridge.process)] as const]),
      [
        "sampler",
        `${schedule.steps.length} steps${bridge.kind === "drift" ? `, noise of the ${schedule.step_variance}` : ""}`,
      ],
      ["licence", license === null ? "not stated" : plain(license)],
    ]),
    "",
    "## How good it is",
    "",
    ...quality(bridge),
    "",
    "## Use",
    "",
    `\`bridge.json\` says all that a sampler needs; \`sample.py\` is one with onnxruntime and numpy.${bridge.encode ? " `encode.onnx` and `decode.onnx` lead from the data's own units to those of the drift and back." : ""} In JavaScript:`,
    "",
    "```js",
    'import { loadBridge } from "@dsbm/web";',
    "",
    'const bridge = await loadBridge("./"); // the address of this folder',
    "const { x } = await bridge.sample(rows, { seed: 1 });",
    "```",
    "",
    "Samples are in the data's own units. A bridge says nothing about samples that are unlike those it was trained on.",
    "",
  ].join("\n");
}

const processText = ({ type, sigma }: BridgeDescription["process"]) =>
  `${type}, σ = ${short(sigma)}`;

const endText = ({ name, rows }: { name: string; rows: number | null }) =>
  `${plain(name)}${rows === null ? "" : `, ${rows} rows`}`;

/** A number of bytes as people read it. */
export const bytesText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

const rowsOf = (rows: readonly (readonly [string, string])[]) =>
  rows.map(([key, value]) => `| ${key} | ${value} |`);

const short = (x: number | null | undefined): string =>
  x === null || x === undefined ? "–" : String(Number(x.toPrecision(4)));

function quality({ quality: rows, verdicts }: BridgeDescription): string[] {
  if (rows === null)
    return ["Not measured. `npx dsbm evaluate RUN` measures the run; export it again then."];
  const shown = rows.filter(({ group }) => group !== "columns");
  return [
    ...verdicts.flatMap(({ title, reason }) => [`**${plain(title)}** ${plain(reason)}`, ""]),
    "The floor is what a perfect bridge would show with as many samples, the ceiling what the untouched source or independent pairs show.",
    "",
    "| metric | direction | value | 95 % interval | floor | ceiling |",
    "| --- | --- | --- | --- | --- | --- |",
    ...shown.map(
      ({ title, direction, value, interval, floor, ceiling }) =>
        `| ${plain(title)} | ${direction ?? ""} | ${short(value)} | ${interval === null ? "" : interval.map(short).join(" to ")} | ${short(floor)} | ${short(ceiling)} |`,
    ),
  ];
}
