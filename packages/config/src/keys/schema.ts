// Why: the keys of the image trainer in one flat mapping, as the published commands type them:
// method, data and training share the root, the network's own keys stand under `model.`.

import { z } from "zod";
import { dataset } from "./data.js";
import { method } from "./method.js";
import { model } from "./model.js";
import { common } from "./training.js";

export const trainSchema = z.strictObject({ ...method, ...dataset, model, ...common });

export type TrainConfig = z.output<typeof trainSchema>;
