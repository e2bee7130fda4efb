// The server has checked types and lengths; texts are still somebody else's, and the page shows them as text.

import type {
  BarShape,
  Choice,
  Grade,
  LiveProgress,
  MetricRow,
  Row,
  RunState,
  TitledVerdict,
} from "@dsbm/runs";
import type { BridgePlan } from "@dsbm/web/fit";

/** The header with the token of a request that writes. */
export const tokenHeader = "x-studio-token";

/** Runs of a comparison or a sweep: as many as have a look of their own. */
export const mostCompared = 32;

/** The directions in the order of pages. */
export const directions = ["f", "b"] as const;

type ShownState = RunState | "unreadable";

/** The grade of a direction. */
export interface RunGrade {
  direction: "f" | "b";
  grade: Grade;
  /** 0 for the best grade. */
  rank: number;
  /** "✓ good" */
  text: string;
  /** The metric that decides it, between floor and ceiling; null without both. */
  bar: BarShape | null;
}

/** A metric of a run, to be compared with other runs. */
export interface ComparedMetric
  extends Pick<MetricRow, "title" | "direction" | "value" | "floor" | "ceiling"> {
  /** Which values are better; null if that is unknown. */
  better: MetricRow["better"] | null;
  /** The value to reach, with `better: "target"`; null for others. */
  target: number | null;
}

/** The summary of a run, a row of the table. */
export interface RunRow {
  /** The path of the run below the folder of the studio; "" for the folder itself. */
  id: string;
  name: string;
  state: ShownState;
  /** Why it stopped early, or cannot be read. */
  reason: string | null;
  started: string | null;
  /** Seconds of its processes, without the time between them, to its end or to now. */
  seconds: number | null;
  method: string;
  data: string;
  seed: string;
  /** Half-iterations done or begun, and of how many. */
  half: number;
  halves: number | null;
  step: number;
  loss: number | null;
  /** How far it is; null unless it is live. */
  progress: LiveProgress | null;
  /** The options that the user gave, as texts. */
  given: Record<string, string>;
  /** What people wrote about it; "" if nothing. */
  note: string;
  /** The grades of its verdicts. */
  grades: RunGrade[];
  /** The distance of each direction, from quality.json or else the last evaluation during training. */
  metrics: ComparedMetric[];
  /** Unreadable files with their cures, a line each. */
  problems: string[];
}

/** The runs of a folder. */
export interface Runs {
  rows: RunRow[];
  /** Number of further runs beyond the list. */
  left: number;
  folder: string;
}

/** A command that the studio started. */
export interface JobView {
  id: number;
  /** "fit" */
  command: string;
  /** The command as a user types it. */
  text: string;
  /** The runs that it works on, several of a sweep. */
  runs: readonly string[];
  state: "running" | "stopping" | "finished" | "stopped" | "failed";
  /** The end of its progress and of its results, and the last message. */
  log: string;
  output: string;
  lastLine: string;
}

/** What every page shows. */
export interface StudioState extends Runs {
  /** The newest job; null before the first. */
  job: JobView | null;
  /** Whether the studio only shows. */
  isReadOnly: boolean;
}

/** A file or a folder of images that a bridge can be made of. */
export interface DataPlace {
  path: string;
  /** The images of a folder; null for files. */
  images: number | null;
  bytes: number | null;
}

/** The files of a bridge in the order of their times, and options as typed. */
export interface BridgeRequest {
  files: readonly string[];
  options: Readonly<Record<string, string>>;
}

/** What a fit would do, and where. */
export interface PlacedPlan extends BridgePlan {
  /** Its runs below the folder, several of a sweep; the state is null before a run begins. */
  runs: { id: string; state: ShownState | null }[];
}

/** A column of a row to draw from. */
export interface RowField {
  name: string;
  /** The texts that it may have; null for numbers. */
  texts: string[] | null;
  /** The value in the middle of the source and of the target. */
  middle: Record<"f" | "b", string>;
}

/** A file that a command wrote for this page. */
export interface OutputFile {
  file: string;
  bytes: number;
}

/** An evaluation with other steps. */
export interface OtherEvaluation {
  /** "sde, 100 steps" */
  title: string;
  metrics: ComparedMetric[];
}

/** An image of a run. */
export interface RunPicture {
  file: string;
  /** Direction, and what it shows ("scatter", "path", …); null for a file of another name. */
  direction: string | null;
  kind: string;
  /** The iteration and step of the evaluation; null for a file of another name. */
  at: string | null;
  changed: number;
}

interface Reference {
  column: string;
  title: string;
  /** The group of the metric: "endpoints". */
  group: string;
  /** The column of its reference, and what the reference is: "floor". */
  reference: string | null;
  referenceName: string | null;
  isMain: boolean;
  /** Whether lists of runs show it. */
  isHeadline: boolean;
  /** Whether its axis is logarithmic. */
  log: boolean;
}

/** Evaluations of a run, and the values of their references. */
export interface Results {
  rows: Row[];
  references: Reference[];
}

/** All facts of a run. */
export interface RunDetail {
  row: RunRow;
  command: string | null;
  /** The fit that began it; null if a page could not begin it. */
  fit: BridgeRequest | null;
  /** The configuration, flattened: "model.name" and the value as JSON. */
  config: [key: string, value: string][];
  choices: Choice[];
  results: Results;
  /** The verdicts on times that a training did not see, then on each direction. */
  verdicts: TitledVerdict[];
  /** Metrics of the endpoints, of the middle and of held-out times. */
  metrics: ComparedMetric[];
  pictures: RunPicture[];
  hasReport: boolean;
  log: string | null;
  /** Unreadable files, a line each. */
  problems: string[];
  /** Whether training can resume from a checkpoint. */
  hasCheckpoint: boolean;
  models: number;
  /** Why it has no export; null if it has one. */
  exportRefusal: string | null;
  /** Why further half-iterations change nothing; null if they train it. */
  extendRefusal: string | null;
  /** Why no command resumes it; null if one does. */
  resumeRefusal: string | null;
  outputs: OutputFile[];
  evaluations: OtherEvaluation[];
  /** The columns of a row to draw from; [] unless the run has tables. */
  fields: RowField[];
  history: HistoryPart;
}

/** Rows of metrics.jsonl; neighbouring rows may be merged, see history.ts. */
export interface HistoryPart {
  half: number[];
  direction: string[];
  step: number[];
  /** By metric: the mean of the merged rows; null if a row has none. */
  metrics: Record<string, (number | null)[]>;
  /** NaN and infinite values, the first of each metric. */
  notFinite: { metric: string; value: string; half: number; step: number }[];
}
