// Whether numbers are numbers.
import { tidy } from "../binding/handle.js";
import type { Tensor } from "./tensor.js";

/** Whether a tensor […] has neither NaN nor infinite values, without a copy of it: as `isfinite(t).all()`. */
export const allFinite = (t: Tensor): boolean =>
  t.numel === 0 || tidy(() => Number.isFinite(t.amin().item()) && Number.isFinite(t.amax().item()));
