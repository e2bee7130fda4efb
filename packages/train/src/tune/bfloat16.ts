// Whether bfloat16 pays on this processor: one without instructions for it emulates them, and is then slower than in
// float32.
import { noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";
import { seconds } from "./benchmark-step.js";

/** A product of matrices in bfloat16 takes less than this share of the time in float32 where the processor has it. */
const share = 0.8;

/** Seconds of products [256, 512] × [512, 512], the least of some. */
function productSeconds(dtype: "bfloat16" | "float32"): number {
  return noGrad(() =>
    tidy(() => {
      const [a, b] = [
        [256, 512],
        [512, 512],
      ].map((shape) => randn(shape).to(dtype)) as [Tensor, Tensor];
      const product = () => tidy(() => void a.matmul(b));
      product();
      return Math.min(...Array.from({ length: 7 }, () => seconds(product, 2)));
    }),
  );
}

/** Whether networks of the problem may compute in bfloat16; null where none is to. Measured by rank 0. */
export function measureBfloat16({ execution, method, data }: CompleteProblem): boolean | null {
  const { dtype, simulateDtype, ranks } = execution;
  // Closed forms and plans are no layers: they keep their digits.
  const hasLayers = !method.method.model?.fit && !method.method.plan;
  if (!hasLayers || ![dtype, simulateDtype].includes("bfloat16")) return null;
  const own =
    data.x0.device !== "cpu" || productSeconds("bfloat16") < share * productSeconds("float32");
  return ranks.fromMain(own);
}
