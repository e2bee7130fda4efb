// sample.py of an export: the run's own sampler with onnxruntime and numpy, nothing else.
import type { BridgeDescription } from "./description.js";

/** The program for a bridge; it reads and writes samples in the data's own units. */
export function pythonExample(bridge: BridgeDescription): string {
  const { columns, kind, default_direction } = bridge;
  const ending = columns ? "csv" : "npy";
  const about = columns
    ? "a table with the columns of the run"
    : "float32 [n, …], as the networks see samples";
  return [
    "# Carries samples to the other end of the bridge. Needs: pip install onnxruntime numpy",
    `# python sample.py new.${ending} out.${ending} ${default_direction}     (${about})`,
    ...beside(bridge),
    `import ${columns ? "csv, " : ""}json, sys`,
    "import numpy as np, onnxruntime as ort",
    "",
    'bridge = json.load(open("bridge.json", encoding="utf-8"))',
    `source, out, direction = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "${default_direction}"`,
    'opened = lambda name: ort.InferenceSession(name, providers=["CPUExecutionProvider"])',
    'model = opened(bridge["directions"][direction]["model"])',
    ...reading(bridge),
    ...feeding(bridge),
    'schedule, sigma, rng = bridge["schedule"], bridge["process"]["sigma"], np.random.default_rng(1)',
    'times, steps = schedule["times"], schedule["steps"]',
    "for k in range(len(steps)):",
    '    i = k if direction == "f" else len(steps) - 1 - k',
    '    time, dt = times[i if direction == "f" else i + 1], steps[i]',
    ...stepping[kind](bridge),
    ...writing(bridge),
    "",
  ].join("\n");
}

/** Files of conditions that the program reads. */
function beside({ conditions }: BridgeDescription): string[] {
  const { cond, y } = conditions ?? {};
  return [
    ...(cond && !cond.column
      ? [
          `# Beside it: cond.npy, float32 [n, ${cond.shape.join(", ")}], a condition for each sample.`,
        ]
      : []),
    ...(y
      ? [`# Beside it: y.npy, integers [n] from 0 to ${y.classes - 1}, a class for each sample.`]
      : []),
  ];
}

function reading({ columns, encode }: BridgeDescription): string[] {
  const table = [
    'head, *rows = csv.reader(open(source, encoding="utf-8-sig", newline=""))',
    'x = np.array([[float(row[head.index(name)]) for name in bridge["columns"]] for row in rows])',
  ];
  const array = encode
    ? ['x = np.load(source).astype(np.float64).reshape(-1, *bridge["projection"]["shape"])']
    : ["x = np.load(source).astype(np.float32)"];
  return [
    ...(columns ? table : array),
    ...(encode ? ['x = opened(bridge["encode"]).run(None, {"x": x})[0]'] : []),
  ];
}

/** The inputs beside x and t. */
function feeding({ conditions, directions, columns }: BridgeDescription): string[] {
  const isDirected = Object.values(directions).some((d) => d.direction_input !== null);
  const lines = ["more = {}"];
  if (isDirected)
    lines.push(
      'more["direction"] = np.full(len(x), bridge["directions"][direction]["direction_input"], np.float32)',
    );
  const column = conditions?.cond?.column;
  if (column && columns)
    lines.push(
      'column = bridge["conditions"]["cond"]["column"]',
      'values = [row[head.index(column["name"])] for row in rows]',
      column.classes
        ? 'more["cond"] = np.array([column["classes"].index(value) for value in values], np.int64)'
        : 'more["cond"] = np.array(values, np.float64)',
    );
  else if (conditions?.cond) lines.push('more["cond"] = np.load("cond.npy").astype(np.float32)');
  if (conditions?.y) lines.push('more["y"] = np.load("y.npy").astype(np.int64)');
  return lines;
}

const evaluated = (output: string, time = "time") =>
  `model.run(["${output}"], {"x": x, "t": np.full(len(x), ${time}, np.float32), **more})[0]`;

const stepping: Record<BridgeDescription["kind"], (bridge: BridgeDescription) => string[]> = {
  velocity: ({ output }) => [
    `    x = x + np.float32(dt if direction == "f" else -dt) * ${evaluated(output)}`,
  ],
  mean: ({ output }) => [
    `    y = ${evaluated(output, "k")}`,
    '    y = y if schedule["mean_match"] else x + np.float32(schedule["scales"][i]) * y',
    '    last = k == len(steps) - 1 and not schedule["last_noise"]',
    '    x = y if last else y + np.float32(schedule["deviations"][i]) * rng.standard_normal(x.shape, np.float32)',
  ],
  drift: ({ output, end_output }) => [
    '    left = 1 - times[i + 1] if direction == "f" else times[i]',
    '    share = left / (left + dt) if schedule["step_variance"] == "bridge" else 1',
    '    last = k == len(steps) - 1 and not schedule["last_noise"]',
    ...(end_output ? [`    if last: x = ${evaluated(end_output)}; break`] : []),
    `    x = x + np.float32(dt) * ${evaluated(output)}`,
    "    if not last: x = x + np.float32(sigma * np.sqrt(dt * share)) * rng.standard_normal(x.shape, np.float32)",
  ],
};

function writing({ columns, decode }: BridgeDescription): string[] {
  return [
    ...(decode ? ['x = opened(bridge["decode"]).run(None, {"state": x})[0]'] : []),
    columns === null
      ? "np.save(out, x)"
      : 'csv.writer(open(out, "w", encoding="utf-8", newline="")).writerows([bridge["columns"], *x.tolist()])',
  ];
}
