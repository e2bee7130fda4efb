// conditions.json of an evaluation: the labels of its images by class, in the order of their files.
import { z } from "zod";
import { listOf, readIfAs } from "../files/json.js";

const conditionLabels = z.object({ labels: listOf(z.string()) });

/**
 * Labels of the images; [] if the file is missing or has another form.
 * @throws {RunError} "corrupt".
 */
export const readConditionLabels = (path: string): string[] =>
  readIfAs(path, conditionLabels)?.labels ?? [];
