// The driver of a training: events, planned steps, stops and progress, for a run and for its leave-one-out.
import type { Position } from "@dsbm/problem";
import type { Progress } from "@dsbm/runs";
import type { TrainEvent, Training } from "@dsbm/train";
import type { TimePlan } from "../forecast/time-plan.js";
import { halvesOf } from "./position.js";
import { TrainingProgress } from "./training-progress.js";

/** What follows: training, the end of the training, or a stop that a later process resumes. */
export type Next = "train" | "end" | "interrupted";

/** Work of rank 0 alone: it evaluates, writes and shows. */
interface MainWork {
  begin(): Promise<Next>;
  follow(event: TrainEvent): Promise<Next>;
  end(): Promise<Next>;
}

/**
 * Trains on all ranks; `main` is null on ranks above 0. Returns `interrupted` there if rank 0 has
 * left.
 */
export async function trainOnRanks(
  training: Training,
  main: MainWork | null,
  control: Parameters<Training["run"]>[0],
): Promise<Next> {
  const onMain = async (work: (main: MainWork) => Promise<Next>): Promise<Next> =>
    (await training.onMain(() => work(main as MainWork))) ?? "interrupted";
  let next = await onMain((main) => main.begin());
  if (next === "train")
    for await (const event of training.run(control)) {
      if (event.type === "pause" || event.type === "half")
        next = await onMain((main) => main.follow(event));
      else if (main) next = await main.follow(event);
      else if (event.type === "stopped") next = "interrupted";
      if (next !== "train") break;
    }
  return next === "interrupted" ? next : onMain((main) => main.end());
}

type EventOf<T extends TrainEvent["type"]> = Extract<TrainEvent, { type: T }>;

/** Work of the caller of a driver. */
export interface TrainingWork {
  /** Called before the first step. */
  begin?(): Promise<Next>;
  /** Called at the start of a half-iteration. */
  started?(event: EventOf<"start">): void;
  /** Called after each step. */
  stepped?(event: EventOf<"step">): void;
  /** Whether training pauses after `step`. It also pauses if the time plan is due. */
  isPauseDue?(step: number): boolean;
  /** At each pause, after the time is planned again. */
  paused?(event: EventOf<"pause">): Promise<Next>;
  /** After a signal, at the end of a step. */
  stopped?(event: EventOf<"stopped">): void;
  /** Called after a half-iteration. */
  finishedHalf?(event: EventOf<"half">): Promise<Next>;
  /** Called after the last step. */
  end?(): Promise<Next>;
}

interface DriverOptions {
  /** Plans the steps. */
  time: TimePlan;
  progress: Progress;
  signal: AbortSignal | undefined;
  /** Before the place in the progress line, such as "leave-one-out ". */
  label?: string;
  /** Where training begins (default: at its first step). */
  at?: Position;
}

/** Trains within the time of a plan. */
export async function drive(
  training: Training,
  options: DriverOptions,
  work: TrainingWork = {},
): Promise<Next> {
  const { time, signal } = options;
  return trainOnRanks(training, new Driver(training, options, work), {
    signal,
    pauseAt: ({ step }) => {
      time.stepped();
      return work.isPauseDue?.(step) || time.isDue();
    },
  });
}

class Driver implements MainWork {
  readonly #progress: TrainingProgress;

  constructor(
    private readonly training: Training,
    private readonly options: DriverOptions,
    private readonly work: TrainingWork,
  ) {
    this.#progress = new TrainingProgress(training, options);
  }

  async begin(): Promise<Next> {
    const { training, work } = this;
    const { time, at = { half: 0, step: 0 } } = this.options;
    const next = (await work.begin?.()) ?? "train";
    if (next !== "train") return next;
    const isDone = at.half === 0 || at.step === training.stepsOf(at.half);
    if (isDone && at.half > 0 && time.isUp(at.half)) return "end";
    time.begin(training, isDone ? at.half + 1 : at.half, isDone ? 0 : at.step);
    this.#progress.begin(at);
    return "train";
  }

  async follow(event: TrainEvent): Promise<Next> {
    const { training, work } = this;
    const { time } = this.options;
    time.follow(event);
    switch (event.type) {
      case "start":
        work.started?.(event);
        return "train";
      case "cache":
        this.#progress.simulated(event);
        return "train";
      case "step":
        work.stepped?.(event);
        this.#progress.stepped(event);
        return "train";
      case "pause":
        time.replan(training, event);
        return (await work.paused?.(event)) ?? "train";
      case "stopped":
        work.stopped?.(event);
        return "interrupted";
      case "half":
        return this.#endHalf(event);
      default:
        return "train";
    }
  }

  async #endHalf(event: EventOf<"half">): Promise<Next> {
    const { training, work } = this;
    const { time } = this.options;
    const next = (await work.finishedHalf?.(event)) ?? "train";
    if (next !== "train") return next;
    if (time.isUp(event.half)) return "end";
    if (event.half < halvesOf(training)) time.begin(training, event.half + 1);
    return "train";
  }

  async end(): Promise<Next> {
    this.options.progress.done();
    return (await this.work.end?.()) ?? "end";
  }
}
