// Every method by its configuration name. A new one is a file and a line here.

import { dsb } from "./dsb.js";
import { dsbm } from "./dsbm.js";
import type { Method } from "./method.js";
import { rectifiedflow } from "./rectified-flow.js";
import { sbcfm } from "./sbcfm.js";

export const methods: Readonly<Record<"dsbm" | "dsb" | "rectifiedflow" | "sbcfm", Method>> = {
  dsbm,
  dsb,
  rectifiedflow,
  sbcfm,
};
