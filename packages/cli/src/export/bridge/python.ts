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
    'model = ort.InferenceSession(bridge["directions"][direction]["model"], providers=["CPUExecutionProvider"])',
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

function reading({ columns, transform, projection }: BridgeDescription): string[] {
  const project = projection
    ? [
        'p = bridge["projection"]',
        'mean, basis = (np.frombuffer(__import__("base64").b64decode(p[key]), "<f4") for key in ("mean", "basis"))',
        'basis = basis.reshape(len(mean), p["components"])',
        'x = (x.reshape(len(x), -1) - mean) @ basis / p["scale"]',
      ]
    : [];
  if (columns === null) return ["x = np.load(source)", ...project, "x = x.astype(np.float32)"];
  const { log1p } = transform as { log1p: boolean };
  return [
    'head, *rows = csv.reader(open(source, encoding="utf-8-sig", newline=""))',
    'x = np.array([[float(row[head.index(name)]) for name in bridge["columns"]] for row in rows])',
    'm, s = (np.array(bridge["transform"][key]) for key in ("mean", "std"))',
    `x = (${log1p ? "np.log1p(x)" : "x"} - m) / np.where(s == 0, 1, s)`,
    ...project,
    "x = x.astype(np.float32)",
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
        ? 'more["cond"] = np.array([[v == c for c in column["classes"]] for v in values], np.float32)'
        : 'more["cond"] = ((np.array(values, float) - column["mean"]) / (column["std"] or 1)).astype(np.float32)[:, None]',
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

function writing({ columns, transform, projection }: BridgeDescription): string[] {
  const back = projection
    ? ['x = x * p["scale"] @ basis.T + mean', 'x = x.reshape(len(x), *p["shape"])']
    : [];
  if (columns === null) return [...back, "np.save(out, x)"];
  const { log1p } = transform as { log1p: boolean };
  return [
    ...back,
    `x = ${log1p ? "np.expm1(x * s + m)" : "x * s + m"}`,
    'csv.writer(open(out, "w", encoding="utf-8", newline="")).writerows([bridge["columns"], *x.tolist()])',
  ];
}
