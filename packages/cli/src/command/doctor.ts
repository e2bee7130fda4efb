// What dsbm runs on, and what is wrong with the cure; also when the engine cannot be loaded.
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { version } from "../machine/version.js";

interface Finding {
  what: string;
  found: string;
  cure?: string;
}

const built = new URL("../../../torch/build/libtorch.json", import.meta.url);

function nodeFinding(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    what: "Node",
    found: `${process.versions.node} (${process.platform} ${process.arch})`,
    ...(major < 20 && { cure: "install Node 20 or newer" }),
  };
}

function buildFinding(): Finding {
  if (!existsSync(built))
    return { what: "native build", found: "missing", cure: "run: npm run setup" };
  const {
    kind,
    root,
    version: of,
  } = JSON.parse(readFileSync(built, "utf8")) as { kind: string; root: string; version: string };
  return { what: "built against", found: `libtorch ${of} (${kind}, ${root})` };
}

async function engineFindings(): Promise<Finding[]> {
  try {
    const torch = await import("@dsbm/torch");
    const info = torch.engineInfo();
    const probe = torch.tidy(() =>
      torch
        .ones([2, 2])
        .matmul(torch.ones([2, 2]))
        .sum()
        .item(),
    );
    const threads: Finding = {
      what: "threads",
      found: `${info.threads} in an operation, ${availableParallelism()} processors`,
    };
    if (info.threads > availableParallelism())
      threads.cure = "OMP_NUM_THREADS asks for more threads than there are processors: unset it";
    const blas: Finding = {
      what: "BLAS",
      found: info.blas
        ? `${info.blas} (${info.blasThreads ?? "variant unknown"})`
        : "unknown on this system",
    };
    if (info.blasThreads === "pthread")
      blas.cure =
        "this OpenBLAS competes with libtorch's threads: apt install libopenblas0-openmp, then npm run build";
    if (info.blasThreads === "serial")
      blas.cure =
        "this OpenBLAS uses one thread: apt install libopenblas0-openmp, then npm run build";
    if (info.blas && !/openblas|mkl|blis/.test(info.blas))
      blas.cure =
        "this is the slow reference BLAS: apt install libopenblas0-openmp, then npm run build";
    const spin: Finding = {
      what: "waiting threads",
      found: `OMP_WAIT_POLICY=${process.env.OMP_WAIT_POLICY}`,
    };
    if (process.env.OMP_WAIT_POLICY?.toLowerCase() !== "passive")
      spin.cure = "spinning threads are slow beside other programs: unset OMP_WAIT_POLICY";
    return [
      { what: "libtorch", found: `${info.version}${info.libtorch ? ` (${info.libtorch})` : ""}` },
      blas,
      threads,
      spin,
      { what: "devices", found: info.devices.join(", ") },
      probe === 8
        ? { what: "a matrix product", found: "right" }
        : {
            what: "a matrix product",
            found: `wrong (${probe} instead of 8)`,
            cure: "the BLAS computes wrong results: try another with LD_LIBRARY_PATH or OPENBLAS_CORETYPE",
          },
    ];
  } catch (error) {
    return [
      {
        what: "engine",
        found: "cannot be loaded",
        cure: error instanceof Error ? error.message : String(error),
      },
    ];
  }
}

/** `dsbm doctor`: prints the findings; exit code 1 when something needs a cure. */
export async function doctor(_args: string[]): Promise<number> {
  const gib = (n: number) => `${(n / 2 ** 30).toFixed(1)} GiB`;
  const findings: Finding[] = [
    { what: "dsbm", found: version },
    nodeFinding(),
    buildFinding(),
    ...(await engineFindings()),
    { what: "memory", found: `${gib(freemem())} free of ${gib(totalmem())}` },
  ];
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { what, found, cure } of findings) {
    console.log(`${cure ? "✗" : "✓"} ${what.padEnd(width)}  ${found}`);
    if (cure) console.log(`  ${" ".repeat(width)}  → ${cure}`);
  }
  const ill = findings.filter(({ cure }) => cure).length;
  console.log(
    ill === 0 ? "all is well" : `${ill} ${ill === 1 ? "thing needs" : "things need"} a cure`,
  );
  return ill === 0 ? 0 : 1;
}
