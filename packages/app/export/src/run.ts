import { createHash } from "node:crypto";
import type { Direction } from "@dsbm/bridge";
import type { ExportConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { classesOf, loadNetworks, readTrained, type Trained } from "@dsbm/inference";
import { version } from "@dsbm/runs";
import { type BridgeDescription, describeBridge } from "./bridge/description.js";
import { type ExportedGraph, graphsOf } from "./bridge/models.js";
import { decodeGraph, encodeGraph } from "./bridge/units.js";
import { type EncodedModel, encodeModel, weightsName } from "./onnx/model.js";

export interface ExportOptions
  extends Partial<Pick<ExportConfig, "direction" | "half_iteration" | "license">> {
  /** Largest size in bytes of weights inside a model (default: the limit of an ONNX file). */
  limit?: number;
}

export interface ExportedBridge {
  bridge: BridgeDescription;
  models: Map<string, EncodedModel>;
  units: Map<string, EncodedModel>;
}

export function exportBridge(run: string, options: ExportOptions = {}): ExportedBridge {
  const { half_iteration = "newest", license = null, limit } = options;
  const trained = readTrained(run, half_iteration);
  const directions = directionsOf(trained, options.direction ?? "both");
  const networks = loadNetworks(trained);
  try {
    const graphs = graphsOf(trained, networks, directions);
    const classes = classesOf((networks.b ?? networks.f)?.stateDict() ?? new Map(), trained.config);
    const named = graphs.map((graph) => [nameOf(graph, graphs), graph] as const);
    const facts = { graphs: new Map(named), classes, networks, license, limit };
    const bridge = describeBridge(trained, facts);
    const models = named.map(
      ([name, { graph }]) => [name, encoded(graph, bridge, { name, limit })] as const,
    );
    const units = unitModels(bridge);
    const files = [...models, ...units].flatMap(([name, { model, weights }]) => [
      [name, checksum(model)],
      ...(weights ? [[weightsName(name), checksum(weights)]] : []),
    ]);
    return {
      bridge: { ...bridge, files: Object.fromEntries(files) },
      models: new Map(models),
      units,
    };
  } finally {
    for (const network of new Set(Object.values(networks))) network?.dispose();
  }
}

const checksum = (chunks: readonly Uint8Array[]): string =>
  chunks.reduce((hash, chunk) => hash.update(chunk), createHash("sha256")).digest("hex");

function nameOf({ directions }: ExportedGraph, all: readonly ExportedGraph[]): string {
  const [only] = Object.keys(directions);
  const isShared = all.length === 1 && Object.keys(directions).length > 1;
  return isShared ? "model.onnx" : `${only}.onnx`;
}

function directionsOf({ models, folder }: Trained, choice: Direction | "both"): Direction[] {
  const there = (["f", "b"] as const).filter((direction) => models[direction]);
  if (choice === "both") return there;
  if (there.includes(choice)) return [choice];
  throw new ConfigError(
    "usage",
    `direction=${choice} has not been trained: ${folder} has ${there.join(" and ")}; write direction=${there[0]}`,
  );
}

function encoded(
  graph: ExportedGraph["graph"],
  bridge: BridgeDescription,
  { name, limit }: { name: string; limit: number | undefined },
): EncodedModel {
  const { method, data, license } = bridge;
  const from = data.source.name;
  const to = data.target?.name ?? "a Gaussian";
  return encodeModel(
    {
      graph,
      about: `${bridge.kind} of a bridge from ${from} to ${to}; docs/export.md of dsbm has the format`,
      metadata: { dsbm: version, method, license: license ?? "" },
    },
    { beside: weightsName(name), limit },
  );
}

function unitModels(bridge: BridgeDescription): ExportedBridge["units"] {
  const { encode, decode } = bridge;
  const made = (graph: ExportedGraph["graph"], about: string) =>
    encodeModel({ graph, about, metadata: { dsbm: version } }, { beside: "" });
  const models: ExportedBridge["units"] = new Map();
  if (encode) models.set(encode, made(encodeGraph(bridge), "from the data's own units"));
  if (decode) models.set(decode, made(decodeGraph(bridge), "to the data's own units"));
  return models;
}
