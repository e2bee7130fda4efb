import type { Converter } from "../operation.js";
import { elementwise } from "./elementwise.js";
import { products } from "./products.js";
import { reductions } from "./reductions.js";
import { views } from "./views.js";

/** All converters by the names of operations. */
export const converters: Readonly<Record<string, Converter>> = {
  ...elementwise,
  ...views,
  ...products,
  ...reductions,
};
