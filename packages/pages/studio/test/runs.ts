// Run folders with known contents. Nothing is trained.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface FakeRun {
  state?: string;
  reason?: string | null;
  name?: string;
  method?: string;
  /** Its datasets (default: built-in ones). */
  source?: string;
  target?: string;
  seed?: number;
  sigma?: number;
  /** Lines of metrics.jsonl, of two half-iterations. */
  lines?: number;
  /** Seconds of earlier processes, and when it was continued. */
  spent?: number;
  resumed?: string[];
}

/** A line of metrics.jsonl. */
export const metricLine = (half: number, step: number): string => {
  const loss = 1 / half + Math.exp(-step / 300) + 0.1 * Math.sin(step * step);
  const direction = half % 2 ? "b" : "f";
  return `${JSON.stringify({ half_iteration: half, direction, step, loss, rate: 100 + half })}\n`;
};

export const metricLines = (n: number): string =>
  Array.from({ length: n }, (_, i) => {
    const half = i < n / 2 ? 1 : 2;
    return metricLine(half, 10 * (i - (half - 1) * Math.ceil(n / 2) + 1));
  }).join("");

/** Writes the files of a run into `folder`. */
export function writeRun(folder: string, run: FakeRun = {}): void {
  const { state = "finished", reason = null, method = "dsbm", seed = 1, sigma = 0.5 } = run;
  const write = (name: string, content: unknown) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
    writeFileSync(join(folder, name), text);
  };
  write("run.json", {
    format: 1,
    dsbm: "0.1.0",
    state,
    reason,
    command: "npx dsbm train",
    resumed: run.resumed ?? [],
    spent: run.spent ?? 0,
    started: "2026-11-26T04:10:00.000Z",
    ended: "2026-11-26T04:19:40.000Z",
    environment: { node: "20.19.0", libtorch: "2.6.0" },
  });
  write("config.json", {
    Dataset: run.source ?? "moons",
    Dataset_transfer: run.target ?? "normal",
    transfer: true,
    half_iterations: 2,
    method,
    seed,
    sigma,
    name: run.name ?? "moons",
    num_iter: 6000,
    first_num_iter: 6000,
    model: { name: "MLP", hidden: "128,128" },
  });
  const rows = [1, 2].flatMap((half) =>
    ["b", "f"].map((way) => [half, way, 6000, 20, (way === "f" ? 0.3 : 0.22) / half, 0.04].join()),
  );
  write(
    "results.csv",
    `${["half_iteration,direction,step,steps,sliced_w2,data_sliced_w2", ...rows].join("\n")}\n`,
  );
  write("columns.json", [
    {
      name: "sliced_w2",
      title: "sliced 2-Wasserstein",
      group: "endpoints",
      meaning: "A distance.",
      columns: { value: "sliced_w2", floor: "data_sliced_w2" },
      isMain: true,
    },
  ]);
  write("metrics.jsonl", metricLines(run.lines ?? 40));
}

/** Writes an evaluation: half of the distance is left forward, and the row of the other direction is missing. */
export function writeQuality(folder: string): void {
  const row = { name: "w2", title: "W2", group: "endpoints", direction: "f", value: 0.5, n: 9 };
  const verdict = { grade: "partial", n_held_out: [9, 9], reason: "Half.", main: "w2" };
  const verdicts = ["f", "b"].map((direction) => ({ ...verdict, direction }));
  const quality = { verdicts, rows: [{ ...row, floor: 0, ceiling: 1 }] };
  writeFileSync(join(folder, "quality.json"), JSON.stringify(quality));
}
