import { nearest } from "@dsbm/files";

/** Ends an "unknown …" message with the closest name, or else `otherwise`, or else all names. */
export function suggestion(word: string, candidates: readonly string[], otherwise = ""): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  if (otherwise !== "") return otherwise;
  return candidates.length > 0 ? `there are: ${candidates.join(", ")}` : "there are none";
}
