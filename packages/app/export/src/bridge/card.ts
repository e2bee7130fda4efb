import type { BridgeDescription } from "./description.js";

const plain = (text: string): string =>
  text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>#|!~]/g, "\\$&");

/** Lists the training samples in the models; "" for none. */
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
    `Trained with dsbm ${bridge.dsbm} (method \`${method}\`). It transports samples of one dataset to samples of the other, ${isFlow ? "along a flow without noise" : "with noise, and close to their start"}.`,
    "",
    "| | |",
    "| --- | --- |",
    ...rowsOf([
      ["source (time 0)", endText(data.source)],
      ["target (time 1)", data.target ? endText(data.target) : "a Gaussian"],
      ...(bridge.times && bridge.times.process.length > 2
        ? [["times", bridge.times.labels.map(plain).join(", ")] as const]
        : []),
      ...(bridge.mass ? [["weight", "the mass that each sample becomes"] as const] : []),
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
        ? [["**training samples**", `the models hold the training samples ${held}`] as const]
        : []),
      ...(isFlow ? [] : [["reference process", processText(bridge.process)] as const]),
      [
        "sampler",
        `${schedule.steps.length} steps${bridge.kind === "drift" ? `, noise of the ${schedule.step_variance}` : ""}`,
      ],
      ["licence", license === null ? "not stated" : plain(license)],
    ]),
    "",
    "## Quality",
    "",
    ...quality(bridge),
    "",
    "## Use",
    "",
    `\`bridge.json\` holds everything that a sampler needs. \`sample.py\` is a sampler with onnxruntime and numpy: \`python sample.py --help\`.${bridge.encode ? " `encode.onnx` and `decode.onnx` convert between the data's own units and the units of the drift." : ""} In JavaScript:`,
    "",
    "```js",
    'import { loadBridge } from "@dsbm/web";',
    "",
    'const bridge = await loadBridge("./"); // the address of this folder',
    "const { x } = await bridge.sample(rows, { seed: 1 });",
    "```",
    "",
    "Samples are in the data's own units. A bridge says nothing about samples unlike its training data.",
    "",
  ].join("\n");
}

const processText = ({ type, sigma }: BridgeDescription["process"]) =>
  `${type}, σ = ${short(sigma)}`;

const endText = ({ name, rows }: { name: string; rows: number | null }) =>
  `${plain(name)}${rows === null ? "" : `, ${rows} rows`}`;

export const bytesText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

const rowsOf = (rows: readonly (readonly [string, string])[]) =>
  rows.map(([key, value]) => `| ${key} | ${value} |`);

const short = (x: number | null | undefined): string =>
  x === null || x === undefined ? "–" : String(Number(x.toPrecision(4)));

function quality({ quality: rows, verdicts }: BridgeDescription): string[] {
  if (rows === null)
    return [
      "Not evaluated. `npx dsbm evaluate RUN` evaluates the run; export it again afterwards.",
    ];
  const table = rows.filter(({ group }) => group !== "columns");
  return [
    ...verdicts.flatMap(({ title, reason }) => [`**${plain(title)}** ${plain(reason)}`, ""]),
    "The floor is what a perfect bridge would score with as many samples. The ceiling is what the untransported source or independent pairs score.",
    "",
    "| metric | direction | value | 95 % interval | floor | ceiling |",
    "| --- | --- | --- | --- | --- | --- |",
    ...table.map(
      ({ title, direction, value, interval, floor, ceiling }) =>
        `| ${plain(title)} | ${direction ?? ""} | ${short(value)} | ${interval === null ? "" : interval.map(short).join(" to ")} | ${short(floor)} | ${short(ceiling)} |`,
    ),
  ];
}
