// Writes sample.py of an export: the run's own sampler with onnxruntime and numpy, in at most 20
// lines.
import type { BridgeDescription } from "./description.js";

/** The program reads and writes samples in the data's own units. */
export function pythonExample(bridge: BridgeDescription): string {
  const { columns, kind, default_direction, encode } = bridge;
  const ending = columns ? "csv" : "npy";
  const names = ['bridge["directions"][direction]["model"]'];
  if (encode) names.push('bridge["encode"]', 'bridge["decode"]');
  const models = names.map((name) => `ort.InferenceSession(${name})`).join(", ");
  return [
    `# python sample.py new.${ending} out.${ending} ${default_direction}: transports samples to the other endpoint of the bridge (onnxruntime, numpy).`,
    ...beside(bridge),
    `import ${columns ? "csv, " : ""}hashlib, json, sys, numpy as np, onnxruntime as ort`,
    'bridge, rng = json.load(open("bridge.json", encoding="utf-8")), np.random.default_rng(1)',
    'if damaged := [name for name, sha256 in bridge["files"].items() if hashlib.sha256(open(name, "rb").read()).hexdigest() != sha256]: sys.exit(f"damaged: {damaged}, export the run again")',
    `source, out, direction = [*sys.argv[1:], "${default_direction}"][:3]`,
    `model${encode ? ", encode, decode" : ""} = ${models}`,
    ...reading(bridge),
    ...feeding(bridge).map(([name, value], i) =>
      i === 0 ? `more = {"${name}": ${value}}` : `more["${name}"] = ${value}`,
    ),
    ...stepping[kind](bridge),
    ...(encode ? ['x = decode.run(None, {"state": x})[0]'] : []),
    columns === null
      ? "np.save(out, x)"
      : 'csv.writer(open(out, "w", encoding="utf-8", newline="")).writerows([bridge["columns"], *x.tolist()])',
    "",
  ].join("\n");
}

function beside({ columns, conditions, encode, state }: BridgeDescription): string[] {
  const { cond, y } = conditions ?? {};
  const shape = (sizes: readonly number[]) => `[n, ${sizes.join(", ")}]`;
  return [
    ...(columns || encode
      ? []
      : [`# new.npy: float32 ${shape(state.shape)}, as the network sees samples.`]),
    ...(cond && !cond.column
      ? [
          `# In the same folder: cond.npy, float32 ${shape(cond.shape)}, a condition for each sample.`,
        ]
      : []),
    ...(y
      ? [
          `# In the same folder: y.npy, integers [n] from 0 to ${y.classes - 1}, a class for each sample.`,
        ]
      : []),
  ];
}

function reading({ columns, encode }: BridgeDescription): string[] {
  const type = encode ? "float" : "np.float32";
  const table = [
    'head, *rows = csv.reader(open(source, encoding="utf-8-sig", newline=""))',
    "column = lambda name: [row[head.index(name)] for row in rows]",
    `x = np.array([column(name) for name in bridge["columns"]], ${type}).T`,
  ];
  const shape = encode ? '.reshape(-1, *bridge["projection"]["shape"])' : "";
  return [
    ...(columns ? table : [`x = np.load(source).astype(${type})${shape}`]),
    ...(encode ? ['x = encode.run(None, {"x": x})[0]'] : []),
  ];
}

function feeding({
  conditions,
  directions,
  columns,
}: BridgeDescription): (readonly [name: string, value: string])[] {
  const { cond, y } = conditions ?? {};
  const given = 'bridge["conditions"]["cond"]["column"]';
  const values = cond?.column?.classes
    ? `[${given}["classes"].index(value) for value in column(${given}["name"])], np.int64`
    : `column(${given}["name"]), float`;
  const isColumn = cond?.column && columns;
  const fromFile = (name: string, type: string) => `np.load("${name}.npy").astype(np.${type})`;
  const isDirected = Object.values(directions).some((d) => d.direction_input !== null);
  const number = 'bridge["directions"][direction]["direction_input"]';
  return [
    ...(isDirected ? [["direction", `np.full(len(x), ${number}, np.float32)`] as const] : []),
    ...(cond
      ? [["cond", isColumn ? `np.array(${values})` : fromFile("cond", "float32")] as const]
      : []),
    ...(y ? [["y", fromFile("y", "int64")] as const] : []),
  ];
}

const evaluated = (bridge: BridgeDescription, output: string, time = "time") =>
  `model.run(["${output}"], {"x": x, "t": np.full(len(x), ${time}, np.float32)${feeding(bridge).length > 0 ? ", **more" : ""}})[0]`;
const noise = "spread * rng.standard_normal(x.shape, np.float32)";
const inOrder = (...names: string[]) =>
  `(np.array(bridge["schedule"][name])[:: 1 if direction == "f" else -1] for name in (${names.map((name) => `"${name}"`).join(", ")}))`;

const stepping: Record<BridgeDescription["kind"], (bridge: BridgeDescription) => string[]> = {
  velocity: (bridge) => [
    `times, steps = ${inOrder("times", "steps")}`,
    "for time, dt in np.float32([times[:-1], steps * np.sign(times[1:] - times[:-1])]).T:",
    `    x = x + dt * ${evaluated(bridge, bridge.output)}`,
  ],
  mean: (bridge) => [
    `scales, spreads = ${inOrder("scales", "deviations")}`,
    ...(bridge.schedule.last_noise ? [] : ["spreads[-1] = 0"]),
    "for k, (scale, spread) in enumerate(np.float32([scales, spreads]).T):",
    `    y = ${evaluated(bridge, bridge.output, "k")}`,
    `    x = ${bridge.schedule.mean_match ? "y" : "x + scale * y"} + ${noise}`,
  ],
  drift: (bridge) => {
    const { end_output, output, schedule } = bridge;
    const { step_variance: variance } = schedule;
    const ofBridge = variance === "bridge";
    const more = variance === "analytic" ? "shares * steps + " : "";
    const isEnd = end_output !== null && !schedule.last_noise;
    return [
      `times, steps = ${inOrder("times", "steps")}`,
      ...(more
        ? [
            'shares = bridge["schedule"]["noise_share"][direction]',
            "shares = np.interp(abs(times[:-1] - times[0]), np.linspace(0, 1, len(shares)), shares)",
          ]
        : []),
      `spreads = bridge["process"]["sigma"] * np.sqrt(steps${ofBridge || more ? ` * (${more}abs(times[-1] - times[1:])) / abs(times[-1] - times[:-1])` : ""})`,
      ...(schedule.last_noise || ofBridge || isEnd ? [] : ["spreads[-1] = 0"]),
      `for time, dt, spread in np.float32([times[:-1], steps, spreads]).T${isEnd ? "[:-1]" : ""}:`,
      `    drift = ${evaluated(bridge, output)}`,
      `    x = x + dt * drift + ${noise}`,
      ...(isEnd ? [`x = ${evaluated(bridge, end_output, "times[-2]")}`] : []),
    ];
  },
};
