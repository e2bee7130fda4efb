// Requests that write, by their names and the forms of their bodies.
import { z } from "zod";
import { deleteRun, writeNote } from "../commands/care.js";
import type { Desk } from "../commands/desk.js";
import { extendRun, planBridge, resumeRun, trainBridge } from "../commands/train.js";
import { annotateFile, drawRow, evaluateRun, exportRun, sampleFile } from "../commands/use.js";
import { longestNote } from "../runs/files.js";

const path = z.string().max(4096);
const run = z.object({ run: path });
const bridge = z.object({
  files: z.array(path).min(1).max(50),
  options: z.record(z.string(), z.string().max(10_000)),
});
const sampling = run.extend({
  direction: z.enum(["f", "b"]),
  steps: z.int().min(1).max(100_000).nullable(),
});

/** A request with the form of its body. */
export interface Action {
  schema: z.ZodType;
  /**
   * Null: nothing to say.
   * @throws {RunError}, and UserErrors of options.
   */
  answer(body: unknown, signal: AbortSignal): unknown;
}

const action = <S extends z.ZodType>(
  schema: S,
  answer: (body: z.output<S>, signal: AbortSignal) => unknown,
): Action => ({ schema, answer: (body, signal) => answer(body as z.output<S>, signal) });

/** The requests of a studio that write, by their names. */
export const actionsOf = (desk: Desk): Readonly<Record<string, Action>> => ({
  look: action(z.object({ file: path }), async ({ file }, signal) =>
    JSON.parse(await desk.jobs.answer(["look", desk.placeOf(file), "--json"], signal)),
  ),
  plan: action(bridge, (body, signal) => planBridge(desk, body, signal)),
  fit: action(bridge, (body, signal) => trainBridge(desk, body, signal)),
  stop: action(z.object({}), () => desk.jobs.stop()),
  resume: action(run, (body, signal) => resumeRun(desk, body.run, signal)),
  extend: action(run.extend({ more: z.int().min(1).max(1000) }), (body) =>
    extendRun(desk, body.run, body.more),
  ),
  sample: action(sampling.extend({ file: path }), (body) => sampleFile(desk, body)),
  annotate: action(
    run.extend({ file: path, at: z.string().max(1000), fate: z.string().max(1000) }),
    (body) => annotateFile(desk, body),
  ),
  draws: action(
    sampling.extend({
      row: z.record(z.string(), z.string().max(1000)),
      draws: z.int().min(2).max(2000),
    }),
    (body, signal) => drawRow(desk, body, signal),
  ),
  evaluate: action(
    run.extend({
      steps: sampling.shape.steps,
      solver: z.enum(["sde", "dopri5", "heun", "euler"]),
    }),
    (body) => evaluateRun(desk, body),
  ),
  export: action(run.extend({ kind: z.enum(["page", "onnx"]) }), (body) =>
    exportRun(desk, body.run, body.kind),
  ),
  note: action(run.extend({ note: z.string().max(longestNote / 4) }), (body) =>
    writeNote(desk, body.run, body.note),
  ),
  delete: action(run, (body) => deleteRun(desk, body.run)),
});
