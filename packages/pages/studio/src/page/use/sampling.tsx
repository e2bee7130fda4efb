import { useState } from "preact/hooks";
import { directionNames } from "../lib/format.js";
import { NumberField, Select } from "../lib/parts.js";

/** Direction and steps of samples. */
export function useSampling() {
  const [direction, setDirection] = useState<"f" | "b">("f");
  const [steps, setSteps] = useState<number | null>(null);
  const fields = (
    <>
      <Select
        label="Direction"
        value={direction}
        options={Object.entries(directionNames)}
        onChange={(way) => setDirection(way === "b" ? "b" : "f")}
      />
      <NumberField label="Steps" value={steps} placeholder="as trained" onChange={setSteps} />
    </>
  );
  return { request: { direction, steps }, fields };
}
