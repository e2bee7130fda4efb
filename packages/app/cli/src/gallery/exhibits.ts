// What the gallery shows: presets, and words that make them short runs.

export interface Exhibit {
  title: string;
  /** One sentence below its picture. */
  about: string;
  /** The direction that is shown first. */
  direction: "f" | "b";
  /** Words of `dsbm train`. */
  words: readonly string[];
  /** Words that make it a trial of a few steps. */
  quick: readonly string[];
}

export const exhibits = {
  points: {
    title: "Points",
    direction: "f",
    about:
      "Normal points become two half moons. Follow a group with the pointer, and see where it comes from on the way back.",
    words: ["dataset=moons", "n_ipf=3", "test_npar=2000", "model.hidden='128,128'"],
    quick: ["n_ipf=1", "first_num_iter=30", "num_iter=20", "num_steps=5", "test_npar=100"],
  },
  digits: {
    title: "Digits",
    direction: "f",
    about:
      "Handwritten 2s become 3s, in principal components. Choose a digit or draw one, and watch it cross.",
    words: [
      ...["dataset=digits", "Dataset=mnist_2", "Dataset_transfer=mnist_3"],
      ...["ot_sampler=exact", "n_ipf=1", "model.hidden='160,160'"],
    ],
    quick: [
      ...["n_ipf=1", "first_num_iter=60", "num_iter=40", "num_steps=5", "data.n_train=400"],
      ...[
        "model.hidden='64,64'",
        "batch_size=128",
        "cache_npar=128",
        "test_npar=100",
        "metrics.judge=false",
      ],
    ],
  },
  fields: {
    title: "Fields",
    direction: "b",
    about: "Coarse fields become fine ones, each with its own condition.",
    words: [
      ...["dataset=downscaler_synthetic", "n_ipf=1", "first_num_iter=400", "num_iter=200"],
      ...["cache_npar=128", "test_npar=64", "num_steps=60"],
    ],
    quick: [
      ...["first_num_iter=3", "num_iter=2", "num_steps=4", "test_npar=8", "plot_npar=4"],
      ...["cache_npar=8", "batch_size=4", "data.n_train=64", "data.n_test=16"],
    ],
  },
} as const satisfies Record<string, Exhibit>;

export type ExhibitName = keyof typeof exhibits;
