// Which runs can be exported, extended and resumed: one place for the commands and for the pages that offer them.
import { factsNamed } from "@dsbm/bridge/facts";
import { z } from "zod";
import type { RunRequest } from "./run-info.js";

const text = z.string().catch("");

/** The keys of config.json that decide. */
const decidingKeys = z.object({
  method: text,
  Dataset: text,
  final_adaptive: z.unknown().optional(),
  var_final_gamma_scale: z.unknown().optional(),
});

/** Says why a run of this configuration has no export. Returns null if it has one. */
export function exportRefusal(config: object): string | null {
  const { method, Dataset, final_adaptive, var_final_gamma_scale } = decidingKeys.parse(config);
  const { onnx, discreteSteps } = factsNamed(method);
  // Fields are bridged to fields only, so one end tells.
  if (Dataset.startsWith("fields:")) return "exports do not hold fields with units yet";
  if (!onnx) return `method=${method} has no counterpart in ONNX`;
  if (discreteSteps && final_adaptive && var_final_gamma_scale)
    return "its noise has the moments of its training images (final_adaptive with var_final_gamma_scale)";
  return null;
}

/** Says why further half-iterations change nothing in a run of this configuration. Returns null if they train it. */
export function extendRefusal(config: object): string | null {
  const { method } = decidingKeys.parse(config);
  return factsNamed(method).closedForm
    ? `method=${method} is a closed form, which has no training to extend`
    : null;
}

/** The commands whose runs can be resumed from their folders. */
const resumableCommands = ["fit", "distill", "extend", "train", "gaussian"];

/** Says why no command resumes a run that was made by this request. Returns null if one does. */
export function resumeRefusal(request: RunRequest | null): string | null {
  return request !== null && resumableCommands.includes(request.command)
    ? null
    : "it was made by a program, not by a command of dsbm: call this program again to resume it";
}
