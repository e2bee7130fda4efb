import { availableParallelism, freemem, totalmem } from "node:os";
import { ConfigError } from "@dsbm/config";
import { alignColumns, shellWord } from "@dsbm/files";
import { version } from "@dsbm/runs";

const gib = (n: number) => `${(n / 2 ** 30).toFixed(1)} GiB`;

type DoctorLine = [what: string, found: string, cure: string | false];

function nodeFinding(): DoctorLine {
  const { node } = process.versions;
  const isOld = Number(node.split(".")[0]) < 20;
  return [
    "Node",
    `${node} (${process.platform} ${process.arch})`,
    isOld && "install Node 20 or newer",
  ];
}

const portableFindings = (version: string, reason: string | null): DoctorLine[] => [
  [
    "engine",
    `${version}, on one thread; libtorch is faster and adds networks of images (${reason ?? "unset DSBM_ENGINE"})`,
    false,
  ],
  ["memory", `${gib(freemem())} free of ${gib(totalmem())}`, false],
];

async function engineFindings(): Promise<DoctorLine[]> {
  try {
    const torch = await import("@dsbm/torch");
    const info = torch.engineInfo();
    if (info.engine === "portable") return portableFindings(info.version, info.reason);
    const { version, addon, builtAgainst, libtorch, blas, blasThreads, threads, devices } = info;
    const square = () => torch.ones([2, 2]);
    const product = torch.tidy(() => square().matmul(square()).sum().item());
    const slowBlas =
      blas && !/openblas|mkl|blis/.test(blas)
        ? "the slow reference BLAS"
        : blasThreads === "serial"
          ? "an OpenBLAS of one thread"
          : blasThreads === "pthread" && "an OpenBLAS that competes with libtorch's threads";
    const reinstall = `apt install libopenblas0-openmp, then rm ${shellWord(addon ?? "")} (it is linked again)`;
    const policy = process.env.OMP_WAIT_POLICY;
    const constrained = process.constrainedMemory() ?? 0;
    const isLimited = constrained > 0 && constrained < totalmem();
    const limit = isLimited
      ? `, of which a container, job or service gives ${gib(constrained)}`
      : "";
    return [
      ["engine", "libtorch", false],
      ["built against", builtAgainst ?? "unknown", false],
      ["libtorch", `${version}${libtorch ? ` (${libtorch})` : ""}`, false],
      [
        "BLAS",
        blas ? `${blas} (${blasThreads ?? "variant unknown"})` : "unknown on this system",
        slowBlas && `this is ${slowBlas}: ${reinstall}`,
      ],
      [
        "threads",
        `${threads} in an operation, ${availableParallelism()} processors`,
        threads > availableParallelism() &&
          "OMP_NUM_THREADS asks for more threads than processors: unset it",
      ],
      [
        "waiting threads",
        `OMP_WAIT_POLICY=${policy}`,
        policy?.toLowerCase() !== "passive" &&
          "spinning threads are slow if other programs run: unset OMP_WAIT_POLICY",
      ],
      ["devices", devices.join(", "), false],
      [
        "a matrix product",
        product === 8 ? "right" : `wrong (${product} instead of 8)`,
        product !== 8 &&
          "the BLAS computes wrong results: try another with LD_LIBRARY_PATH or OPENBLAS_CORETYPE",
      ],
      ["memory", `${gib(freemem())} free of ${gib(totalmem())}${limit}`, false],
    ];
  } catch (error) {
    const cure = error instanceof Error ? error.message : String(error);
    return [["engine", "cannot be loaded", cure]];
  }
}

/**
 * Returns exit code 1 for a problem.
 * @throws {ConfigError} for arguments.
 */
export async function doctor(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log("usage: dsbm doctor\n\nChecks this machine, and says how to fix problems.");
    return 0;
  }
  if (args.length > 0)
    throw new ConfigError(`got ${args.join(" ")}; dsbm doctor takes no arguments: leave them out`);
  const findings: DoctorLine[] = [
    ["dsbm", version, false],
    nodeFinding(),
    ...(await engineFindings()),
  ];
  const rows = findings.flatMap(([what, state, cure]) => [
    [`${cure ? "✗" : "✓"} ${what}`, state],
    ...(cure ? [["", `→ ${cure}`]] : []),
  ]);
  console.log(alignColumns(rows).join("\n"));
  const problems = findings.filter(([, , cure]) => cure).length;
  console.log(problems === 0 ? "no problems found" : `problems found: ${problems}`);
  return problems === 0 ? 0 : 1;
}
