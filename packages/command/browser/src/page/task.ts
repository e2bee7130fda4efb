// What the page is asked to do: data, minutes, seed and further options; and its link, which never holds data.
import { listItems } from "@dsbm/studio/widgets";

/** An example of the page. */
export type ExampleName = "rivers" | "rings";

/** The task of a page. */
export interface PageTask {
  files: File[];
  /** Null: the user's own files. */
  example: ExampleName | null;
  minutes: number;
  seed: number;
  /** Values of further options, as typed. */
  options: Readonly<Record<string, string>>;
}

// bundle.mjs fills in the texts.
const rivers: Readonly<Record<string, string>> = {};

/** Points of a blob and of a ring around it, from a fixed stream. */
function rings(isRing: boolean): string {
  let state = isRing ? 7 : 11;
  const next = () => {
    state = (1_103_515_245 * state + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const rows = Array.from({ length: 600 }, () => {
    const angle = 2 * Math.PI * next();
    const radius = isRing
      ? 2 + 0.3 * (next() - 0.5)
      : 0.5 * Math.sqrt(-2 * Math.log(next() + 1e-9));
    return [radius * Math.cos(angle), radius * Math.sin(angle)].map((x) => x.toFixed(4)).join();
  });
  return ["x,y", ...rows].join("\n");
}

/** The files of an example, and options that it needs. */
export function exampleTask(name: ExampleName): Pick<PageTask, "files" | "options"> {
  const texts = name === "rivers" ? rivers : { "blob.csv": rings(false), "ring.csv": rings(true) };
  const files = Object.entries(texts).map(([file, text]) => new File([text], file));
  return { files, options: name === "rivers" ? { "data.exclude": "[id,river]" } : {} };
}

/** Minutes and seed as typed; other texts are the usual values. */
export const numberOf = {
  minutes: (text: string) => ({ minutes: Number(text) > 0 ? Number(text) : 1 }),
  seed: (text: string) => ({
    seed: text.trim() !== "" && Number.isInteger(Number(text)) ? Number(text) : 42,
  }),
};

/** The task that a link names. */
export function taskOf(hash: string): PageTask {
  const {
    example = null,
    minutes,
    seed,
    ...options
  } = Object.fromEntries(new URLSearchParams(hash.replace(/^#/, ""))) as Record<string, string>;
  const name = example === "rivers" || example === "rings" ? example : null;
  const sample = name ? exampleTask(name) : { files: [], options: {} };
  return {
    files: sample.files,
    example: name,
    ...numberOf.minutes(minutes ?? ""),
    ...numberOf.seed(seed ?? ""),
    options: { ...sample.options, ...options },
  };
}

/** The link of a task. */
export function linkOf({ example, minutes, seed, options }: PageTask): string {
  const words = { ...(example && { example }), minutes: `${minutes}`, seed: `${seed}`, ...options };
  return `#${new URLSearchParams(words)}`;
}

/** Reads a typed value: JSON, a list in brackets, or a text. */
function readValue(text: string): unknown {
  if (/^\[.*\]$/s.test(text)) return listItems(text).map(readValue);
  return /^(true|false|null|-?\d+(\.\d+)?(e[+-]?\d+)?)$/i.test(text) ? JSON.parse(text) : text;
}

/** The options of a task for `fitBridge`. */
export function keysOf({ files, minutes, seed, options }: PageTask): Record<string, unknown> {
  const values = Object.entries(options).map(([key, text]) => [key, readValue(text)]);
  return {
    ...(files.length > 2 ? { marginals: files } : { source: files[0] }),
    ...(files.length === 2 && { target: files[1] }),
    max_minutes: minutes,
    seed,
    ...Object.fromEntries(values),
  };
}

/** A run's name from its files. */
export const nameOf = (files: readonly File[]): string =>
  files
    .map(({ name }) => name.replace(/\.[a-z0-9]+(\.gz)?$/i, "").replace(/[^\p{L}\p{N}_-]+/gu, "_"))
    .join("_to_")
    .slice(0, 60) || "run";
