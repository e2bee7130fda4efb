// What a method states about itself. No file here loads libtorch, so that configurations and `--help` may read it.

/**
 * What a method takes from a configuration. An option is written as in configurations: `key` (any value that is neither
 * false nor null), or `key=value` for one value.
 */
export interface MethodTakes {
  /** Options for some methods only that this method takes, too. Other methods refuse them. */
  readonly options?: readonly string[];
  /** Options without effect on this method, which are refused. */
  readonly ignored?: readonly string[];
  /** Options without effect on this method, which presets may set: the user who gives one is told. */
  readonly unused?: readonly string[];
  /** Refused options, each with a predicate and a cure: `{ "eps=0": "makes …: write …" }`. */
  readonly refused?: Readonly<Record<string, string>>;
  /** Whether samples may be images (default: yes); vectors always may. */
  readonly images?: boolean;
  /** Whether its networks or its closed form take conditions (default: yes). */
  readonly conditions?: boolean;
}

/** Facts that every method states. */
export interface StatedFacts {
  /** As in configurations and checkpoints. */
  readonly name: string;
  /** Its name in words, for readers of pages (default: `name`). */
  readonly title?: string;
  /** `drift`: an SDE along each direction's drift; `increment`: the drift times Δt; `velocity`: an ODE. */
  readonly predicts: "drift" | "increment" | "velocity";
  /** `each`: a network a direction; `shared`: one for both; `bidirectional`: one with the direction (1 forward, 0 backward) as a condition. */
  readonly networks: "each" | "shared" | "bidirectional";
  /** Training times are U[eps, 1 − eps] by default. */
  readonly eps: number;
  /** The last column of a sample is the logarithm of its mass, which grows along the way and gets no noise. */
  readonly mass?: boolean;
  /** Whether its formulas hold for Brownian motion only. */
  readonly onlyBrownian?: boolean;
  /** Whether half-iterations share one optimiser (default: each starts a new one). */
  readonly keepOptimizer?: boolean;
  /**
   * The coupling of source and target that it learns: `bridge`, the Schrödinger bridge (default); `transport`, optimal transport;
   * `columns`, optimal transport of each column on its own; `pairs`, the coupling of its training pairs.
   */
  readonly learns?: "bridge" | "transport" | "columns" | "pairs";
  /** Whether its paths between pairs have no noise (default: the noise of the reference process). */
  readonly straight?: boolean;
  /** Training steps below which its samples are wrong (default 0: no such number). */
  readonly leastSteps?: number;
  /** Whether it samples in divisors of the steps that it was trained on, and in no others (default: in any number of steps). */
  readonly dividesSteps?: boolean;
  /** Whether its model has a counterpart in ONNX (default: yes). */
  readonly onnx?: boolean;
  /** What it takes from a configuration (default: the options of all methods). */
  readonly takes?: MethodTakes;
}

/** All facts of a method: its statements, and the facts that its functions show. */
export interface MethodFacts extends Required<StatedFacts & { takes: Required<MethodTakes> }> {
  /** Its names for `method=` in the guide of methods. */
  readonly presets: readonly string[];
  /** Whether it is fitted once from all rows instead of trained in steps. */
  readonly closedForm: boolean;
  /** Whether it has a loss of its own instead of a weighted squared error. */
  readonly ownLoss: boolean;
  /** Whether it draws endpoints from a plan at once. */
  readonly drawsPlan: boolean;
  /** Whether it samples in the discrete steps that it was trained on. */
  readonly discreteSteps: boolean;
  /** Whether it trains on pairs of source and target. */
  readonly pairs: boolean;
  /** Whether `first_coupling` decides its first pairs. */
  readonly firstCoupling: boolean;
  /** Whether it has a batch coupling of its own. */
  readonly ownCoupling: boolean;
  /** Whether it learns time courses of three datasets or more. */
  readonly courses: boolean;
  /** When and by what rows are simulated; `never` also for closed forms, `teacher`: by the networks of another run. */
  readonly simulation: "epoch" | "step" | "never" | "teacher";
}
