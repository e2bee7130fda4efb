import { shortNumber } from "@dsbm/files";
import type { BridgeDescription } from "@dsbm/web";

const plainText = (text: string): string =>
  text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>#|!~]/g, "\\$&");

/** Lists the training samples in the models; "" for none. */
export function heldSamples({ directions, data }: BridgeDescription): string {
  const held = Object.entries(directions).flatMap(([way, place]) => {
    const samples = place?.samples;
    const end = way === "f" ? data?.target : data?.source;
    return samples ? [`${samples} of ${plainText(end?.name ?? "a Gaussian")} (${way})`] : [];
  });
  return held.join(" and ");
}

/** The text of README.md in an export: method, data, metrics and limits of the bridge. */
export function modelCard(bridge: BridgeDescription): string {
  const { method, license, state } = bridge;
  const source = bridge.data?.source ?? null;
  const target = bridge.data?.target ?? null;
  const isFlow = bridge.kind === "velocity";
  const held = heldSamples(bridge);
  return [
    ...(license && /^[\w.+-]+$/.test(license) ? ["---", `license: ${license}`, "---", ""] : []),
    `# A ${isFlow ? "flow" : "Schrödinger bridge"} from ${endText(source)} to ${endText(target)}`,
    "",
    `Trained with dsbm ${bridge.dsbm} (method \`${method}\`). It turns samples of one dataset into samples of the other dataset, ${isFlow ? "along a flow without noise" : "with noise, and close to their start"}.`,
    "",
    "| | |",
    "| --- | --- |",
    ...rowsOf([
      ["source (time 0)", endText(source)],
      ["target (time 1)", endText(target)],
      ...(bridge.times && bridge.times.process.length > 2
        ? [["times", bridge.times.labels.map(plainText).join(", ")] as const]
        : []),
      ["samples", `${state.type} [${(bridge.autoencoder?.shape ?? state.shape).join(", ")}]`],
      ...(bridge.autoencoder
        ? [["latent maps", `[${state.shape.join(", ")}], of an autoencoder`] as const]
        : []),
      ...(held
        ? [["**training samples**", `the models hold the training samples ${held}`] as const]
        : []),
      ...(isFlow ? [] : [["reference process", processText(bridge.process)] as const]),
      ["licence", license === null ? "not stated" : plainText(license)],
    ]),
    "",
    "## Quality",
    "",
    ...quality(bridge),
    "",
    "## Use",
    "",
    `\`bridge.json\` holds everything that a sampler needs. \`sample.py\` is a sampler with onnxruntime and numpy: \`python sample.py --help\`. In JavaScript:`,
    "",
    "```js",
    'import { loadBridge } from "@dsbm/web";',
    "",
    'const bridge = await loadBridge("./"); // the address of this folder',
    "const { x } = await bridge.sample(rows, { seed: 1 });",
    "```",
    "",
    "Samples are in the units of the data. A bridge says nothing about samples unlike its training data.",
    "",
  ].join("\n");
}

const processText = ({ type, sigma }: BridgeDescription["process"]) =>
  `${type}, σ = ${shortNumber(sigma)}`;

const endText = (end: { name: string; rows: number | null } | null) =>
  plainText(end?.name ?? "a Gaussian") + (end?.rows == null ? "" : ` (${end.rows} rows)`);

/** A number of bytes in kB or MB. */
export const bytesText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

const rowsOf = (rows: readonly (readonly [string, string])[]) =>
  rows.map(([key, value]) => `| ${key} | ${value} |`);

function quality({ quality: rows, verdicts }: BridgeDescription): string[] {
  if (!rows)
    return [
      "Not evaluated. `npx dsbm evaluate RUN` evaluates the run; export it again afterwards.",
    ];
  const table = rows.filter(({ group }) => group !== "columns");
  return [
    ...(verdicts ?? []).flatMap(({ title, reason }) => [
      `**${plainText(title)}** ${plainText(reason)}`,
      "",
    ]),
    "The floor is what a perfect bridge would score with as many samples. The ceiling is what the untransported source or independent pairs score.",
    "",
    "| metric | direction | value | 95 % interval | floor | ceiling | grade |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...table.map(
      ({ title, direction, value, interval, floor, ceiling, judgement }) =>
        `| ${plainText(title)} | ${direction ?? ""} | ${shortNumber(value)} | ${interval ? interval.map((x) => shortNumber(x)).join(" to ") : ""} | ${shortNumber(floor)} | ${shortNumber(ceiling)} | ${plainText(judgement ?? "")} |`,
    ),
  ];
}
