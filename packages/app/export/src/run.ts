import type { Direction } from "@dsbm/bridge";
import { ConfigError, type ExportConfig } from "@dsbm/config";
import { sha256 } from "@dsbm/files";
import { Bridge, type Trained } from "@dsbm/inference";
import { version } from "@dsbm/runs";
import type { BridgeDescription } from "@dsbm/web";
import { describeBridge } from "./bridge/description.js";
import { type ExportedGraph, graphsOf } from "./bridge/models.js";
import { encodeModel } from "./onnx/model.js";

export type ExportOptions = Partial<Pick<ExportConfig, "direction" | "half_iteration" | "license">>;

export interface ExportedBridge {
  bridge: BridgeDescription;
  models: Map<string, Uint8Array>;
  trained: Trained;
}

export function exportBridge(run: string, options: ExportOptions = {}): ExportedBridge {
  const { half_iteration = "newest", license = null } = options;
  using opened = Bridge.open(run, { half_iteration });
  const { trained, networks } = opened;
  const graphs = graphsOf(trained, networks, directionsOf(trained, options.direction ?? "both"));
  const named = new Map(graphs.map((graph) => [nameOf(graph, graphs), graph]));
  const bridge = describeBridge(opened, { graphs: named, license });
  const models = new Map([...named].map(([name, { graph }]) => [name, encoded(graph, bridge)]));
  const files = Object.fromEntries([...models].map(([name, model]) => [name, sha256(model)]));
  return { bridge: { ...bridge, files }, models, trained };
}

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
    `direction=${choice} has not been trained: ${folder} has ${there.join(" and ")}; write direction=${there[0]}`,
  );
}

function encoded(graph: ExportedGraph["graph"], bridge: BridgeDescription): Uint8Array {
  const { kind, method, data, license } = bridge;
  const ends = `${data?.source.name} to ${data?.target?.name ?? "a Gaussian"}`;
  return encodeModel({
    graph,
    about: `${kind} of a bridge from ${ends}; docs/export.md of dsbm has the format`,
    metadata: { dsbm: version, method, license: license ?? "" },
  });
}
