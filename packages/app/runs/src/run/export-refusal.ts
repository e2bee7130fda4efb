// Which runs `dsbm export` takes, for the command and for the pages that offer it.
import { factsNamed } from "@dsbm/bridge/facts";
import { z } from "zod";

const text = z.string().catch("");

/** The keys of config.json that decide. */
const exportKeys = z.object({
  method: text,
  Dataset: text,
  final_adaptive: z.unknown().optional(),
  var_final_gamma_scale: z.unknown().optional(),
});

/** Says why a run of this configuration has no export. Returns null if it has one. */
export function exportRefusal(config: object): string | null {
  const { method, Dataset, final_adaptive, var_final_gamma_scale } = exportKeys.parse(config);
  const { onnx, discreteSteps } = factsNamed(method);
  if (Dataset.startsWith("fields:")) return "exports do not hold fields with units yet";
  if (!onnx) return `method=${method} has no counterpart in ONNX`;
  if (discreteSteps && final_adaptive && var_final_gamma_scale)
    return "its noise has the moments of its training images (final_adaptive with var_final_gamma_scale)";
  return null;
}
