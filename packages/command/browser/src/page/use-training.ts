import { stateText } from "@dsbm/studio/widgets";
import {
  type FitEvent,
  type FitMotion,
  type FitState,
  type FittedBridge,
  fitBridge,
} from "@dsbm/web/fit";
import { motionText } from "@dsbm/web/player";
import { useRef, useState } from "preact/hooks";
import { newWorker } from "./new-worker.js";
import { keysOf, type PageTask } from "./task.js";
import { withLoss } from "./training-view.js";

/** Milliseconds between two sentences for screen readers. */
const pauseOfWords = 5000;

/** What a training has shown so far. */
export interface TrainingNews {
  state: FitState | null;
  motion: FitMotion | null;
  losses: number[];
  lines: string[];
  /** For screen readers. */
  said: string;
}

const noProgress: TrainingNews = { state: null, motion: null, losses: [], lines: [], said: "" };

function withEvent(before: TrainingNews, event: FitEvent, isSaid: boolean): TrainingNews {
  if ("line" in event) return { ...before, lines: [...before.lines, event.line] };
  if ("motion" in event) return { ...before, motion: event.motion };
  const { state } = event;
  const losses = withLoss(before.losses, state.loss);
  const moved = before.motion ? [motionText(before.motion)] : [];
  const said = isSaid ? [stateText(state), ...moved].join(". ") : before.said;
  return { ...before, state, losses, said };
}

/** A training and its stop. */
export function useTraining() {
  const [progress, setProgress] = useState(noProgress);
  const stopped = useRef(new AbortController());
  const lastSaid = useRef(0);
  const train = (task: PageTask, name: string): Promise<FittedBridge> => {
    stopped.current = new AbortController();
    setProgress(noProgress);
    const onProgress = (event: FitEvent) => {
      const isSaid = Date.now() - lastSaid.current > pauseOfWords;
      if (isSaid) lastSaid.current = Date.now();
      setProgress((before) => withEvent(before, event, isSaid));
    };
    const { signal } = stopped.current;
    return fitBridge({ ...keysOf(task), name, worker: newWorker(), onProgress, signal });
  };
  const stop = () =>
    stopped.current.abort(new Error("Stopped. Continue resumes the training from here."));
  return { progress, train, stop };
}
