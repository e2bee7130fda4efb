// What the page has done so far, and what it can do next.
import {
  type BridgePlan,
  type FitTable,
  type FittedBridge,
  lookAtTables,
  openStoredBridge,
  planBridge,
  removeStoredRun,
  type StoredRun,
  storedRuns,
} from "@dsbm/web/fit";
import { useEffect, useState } from "preact/hooks";
import { newWorker, prepareWorker } from "./new-worker.js";
import { keysOf, linkOf, nameOf, type PageTask, taskOf } from "./task.js";
import { useTraining } from "./use-training.js";

/** Where the page is. */
export type PageStep = "start" | "data" | "plan" | "training" | "stopped" | "result";

/** Where the page is after a failure. */
const fallback: Readonly<Record<PageStep, PageStep>> = {
  start: "start",
  data: "start",
  plan: "data",
  training: "stopped",
  stopped: "stopped",
  result: "start",
};

/** A name that no other run of the browser has. */
function freshName(base: string, runs: readonly StoredRun[]): string {
  const names = new Set(runs.map(({ name }) => name));
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!names.has(name)) return name;
  }
}

/** The runs that this browser keeps. */
function useRuns(fail: (problem: unknown) => void) {
  const [runs, setRuns] = useState<StoredRun[]>([]);
  const refresh = () => void storedRuns().then(setRuns, () => setRuns([]));
  useEffect(refresh, []);
  const forget = (name: string) => void removeStoredRun(name).then(refresh, fail);
  return { runs, refresh, forget };
}

/** Where the page is, and work that leads from one step to another. */
function useSteps() {
  const [step, setStep] = useState<PageStep>("start");
  const [error, setError] = useState<string | null>(null);
  const fail = (problem: unknown) => setError((problem as Error).message.split("\n")[0]);
  const { runs, refresh, forget } = useRuns(fail);
  const within = async (during: PageStep, after: PageStep, work: () => Promise<void>) => {
    setError(null);
    setStep(during);
    try {
      await work();
      setStep(after);
    } catch (problem) {
      fail(problem);
      setStep(fallback[during]);
    }
    if (after === "data" || after === "plan") prepareWorker();
    refresh();
  };
  return { step, error, runs, fail, forget, within };
}

/** The state of the page, and its actions. */
export function useWork() {
  const [task, setTask] = useState<PageTask>(() => taskOf(location.hash));
  const [tables, setTables] = useState<FitTable[]>([]);
  const [plan, setPlan] = useState<BridgePlan | null>(null);
  const [bridge, setBridge] = useState<FittedBridge | null>(null);
  const [name, setName] = useState("");
  const { within, ...steps } = useSteps();
  const { progress, train, stop } = useTraining();

  const begin = (next: PageTask) => {
    setTask(next);
    history.replaceState(null, "", linkOf(next));
  };
  const show = async (opening: Promise<FittedBridge>) => {
    bridge?.dispose();
    setBridge(null);
    setBridge(await opening);
  };
  const look = (next: PageTask) =>
    within("start", "data", async () => {
      begin(next);
      setTables(await lookAtTables(next.files, { worker: newWorker() }));
    });
  const choose = (next: PageTask) =>
    within("plan", "plan", async () => {
      begin(next);
      setPlan(null);
      setPlan(await planBridge({ ...keysOf(next), name: "plan", worker: newWorker() }));
    });
  const fit = (run = freshName(nameOf(task.files), steps.runs)) =>
    within("training", "result", () => {
      setName(run);
      return show(train(task, run));
    });
  const open = (run: string) =>
    within("start", "result", () => show(openStoredBridge(run, { worker: newWorker() })));
  // A link with an example begins with its data.
  useEffect(() => {
    prepareWorker();
    if (task.files.length > 0) void look(task);
  }, []);
  const resume = () => fit(name);
  const facts = { ...steps, task, tables, plan, bridge, progress };
  return { ...facts, begin, setTask, look, choose, fit, resume, open, stop };
}
