// The options of `npm run benchmark`.
import type { Experiment } from "@dsbm/config";
import { z } from "zod";

/** Null for all, or a list of names; a single name and a number are lists, too. */
const names = (description: string, example: string) =>
  z
    .union([
      z
        .string()
        .min(1)
        .meta({ examples: [example] }),
      z.array(z.union([z.string().min(1), z.number()])).min(1),
      z.number(),
    ])
    .nullable()
    .transform((value) => (value === null ? null : [value].flat().map(String)))
    .prefault(null)
    .describe(`${description}; null: all of them`);

const benchmarkSchema = z.strictObject({
  quick: z
    .boolean()
    .default(false)
    .describe("few cases, methods and samples, one seed, and short trainings; also --quick"),
  methods: names("only these methods", "dsbm_imf,sf2m"),
  cases: names("only these cases", "d5,moons"),
  seeds: names("only these seeds", "1,2"),
  max_minutes: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe("minutes in all, shared by the trainings; null: as configured, or 15 with --quick"),
  results: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("a .csv of earlier results; runs with the same options are read from it"),
  train: z
    .boolean()
    .default(true)
    .describe("false: write tables of finished runs and of results, and train nothing"),
  out: z.string().min(1).nullable().default(null).describe("Markdown file of the tables"),
  threads: z
    .union([z.literal("auto"), z.int().min(1)])
    .default("auto")
    .describe("processor threads; auto: all of them"),
  experiments_dir: z.string().min(1).default("experiments").describe("folder of all runs"),
});

export type BenchmarkConfig = z.output<typeof benchmarkSchema>;

export const benchmark: Experiment<typeof benchmarkSchema> = {
  name: "benchmark",
  about: "methods side by side, each table beside published figures and what a perfect sampler has",
  schema: benchmarkSchema,
  check: ({ seeds }) => {
    const odd = seeds?.find((seed) => !/^\d{1,9}$/.test(seed));
    return odd === undefined
      ? []
      : [`seeds: got "${odd}"; expected whole numbers such as seeds=1,2`];
  },
};
