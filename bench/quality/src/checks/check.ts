// A check: what must hold for every method, and the runs and samples that it compares.
import { join } from "node:path";
import type { Options } from "../benchmark.js";
import { drawRows, type GaussianProblem, plane } from "./gaussians.js";
import type { CheckedMethod, Size } from "./methods.js";
import {
  type CommandLine,
  type SampleRequest,
  sampleByLibrary,
  type Table,
  trainRun,
} from "./runs.js";

/** What samples and trainings of a size depend on. */
export const factsOfSize = (method: CheckedMethod, size: Size): object => ({
  ...counts[size],
  seed,
  options: method.options(size),
});

/** What a check works with. */
export interface CheckContext {
  method: CheckedMethod;
  size: Size;
  /** A folder for all runs of the method. */
  folder: string;
  line: CommandLine;
}

/** A check of one method. */
export interface Check {
  name: string;
  /** What must hold, as a sentence. */
  meaning: string;
  /** The largest allowed value of a method. */
  limit(method: CheckedMethod): number;
  /** Only at full size, whose trainings are long enough. */
  isFullOnly?: boolean;
  /** Why it does not apply to a method; null: it applies. */
  skips?(method: CheckedMethod): string | null;
  /** Whether one line with a cure is a right answer, too. */
  mayRefuse?: boolean;
  /** How far it is off; 0: not at all. */
  measure(context: CheckContext): Promise<number>;
}

/** The limit of laws: closed forms err by their samples, networks by their training, too. */
export const lawLimit = ({ facts }: CheckedMethod): number =>
  facts.closedForm || facts.drawsPlan ? lawLimits.samples : lawLimits.network;

/** `samples`: three standard errors of the variance of 8,000 samples. */
export const lawLimits = { samples: 0.05, network: 0.1 };

/** Rows of each side, whose moments are exact, and samples. */
const counts: Record<Size, { rows: number; samples: number }> = {
  full: { rows: 1500, samples: 8000 },
  small: { rows: 120, samples: 60 },
};

/** The seed of all samples. */
export const seed = 3;

/** Samples from the source. */
export const forward: SampleRequest = { direction: "f", seed };

/** Rows to sample from, whose moments are exact. */
export const newRows = (size: Size, direction: "f" | "b" = "f", problem = plane): Table =>
  drawRows(problem, direction === "f" ? "source" : "target", {
    n: counts[size].samples,
    seed: 11,
  });

interface RunChange {
  problem?: GaussianProblem;
  /** Training rows of each side; null: as the size has. */
  rows?: number;
  /** Changes a row of either end. */
  change?: (row: readonly number[]) => readonly number[];
  /** Changes the rows of both ends. */
  tables?: (ends: { source: Table; target: Table }) => { source: Table; target: Table };
  options?: Options;
  names?: string[];
}

/** Of trainings that only compare moments at the end: bridges of one iteration have them, too. */
export const oneIteration = ({ method, size }: CheckContext): Options =>
  method.options(size).first_coupling === "ref" ? { n_ipf: 2 } : { n_ipf: 1 };

/** The run of a changed problem, trained once for all checks. Returns its folder. */
export function runOf(
  { method, size, folder }: CheckContext,
  name = "plane",
  {
    problem = plane,
    rows: n = counts[size].rows,
    change = (row) => row,
    tables = (ends) => ends,
    options = {},
    names,
  }: RunChange = {},
): Promise<string> {
  const drawn = (side: "source" | "target", from: number): Table =>
    drawRows(problem, side, { n: Math.max(n, 3), seed: from })
      .slice(0, n)
      .map(change);
  const ends = tables({ source: drawn("source", 1), target: drawn("target", 2) });
  return trainRun(join(folder, name), ends, { ...method.options(size), ...options }, names);
}

/** The ends of samples from the source, by the library. */
export async function endsOf(
  context: CheckContext,
  run: string,
  rows = newRows(context.size),
): Promise<Table> {
  return (await sampleByLibrary(run, rows, forward)).end;
}

/** The largest difference of two tables of numbers; infinite for NaN and other sizes. */
export function distance(x: Table, y: Table): number {
  if (x.length !== y.length || x[0]?.length !== y[0]?.length) return Number.POSITIVE_INFINITY;
  const differences = x.map((row, i) =>
    row.reduce((most, value, k) => {
      const far = Math.abs(value - (y[i]?.[k] ?? Number.NaN));
      return Number.isNaN(far) ? Number.POSITIVE_INFINITY : Math.max(most, far);
    }, 0),
  );
  return Math.max(...differences);
}
