import { conditionsAt, type Direction, mapConditions, sourceOf } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { openRunOf } from "@dsbm/experiment";
import { Bridge, problemFile } from "@dsbm/inference";
import { version } from "@dsbm/runs";
import { Generator, io, type Tensor, tidy } from "@dsbm/torch";
import { Training as Driver, directionOf, type SavedTraining } from "@dsbm/train";
import { describeProblem, modelNamed, shapeOf } from "./describe.js";
import { newFolder } from "./save.js";

export class Training extends Driver {
  /** As the driver's `save`: everything for resuming. */
  override save(): SavedTraining;
  /**
   * Saves the trained networks as a run in a new folder, between events or after the run, and
   * returns the folder: `openBridge`, `dsbm sample` and `dsbm export` open it. Networks of the
   * library are built again from their options; for other classes `openBridge` takes `network`. The
   * data are not included. Throws a ConfigError before the first step, for a non-empty folder, and
   * for a process, grid or method that no run can have; a RunError of the disk.
   */
  override save(folder: string): string;
  override save(folder?: string): SavedTraining | string {
    return folder === undefined ? super.save() : saveTraining(this, folder);
  }
}

const isOwn = ({ problem, state }: Training, direction: Direction): boolean =>
  modelNamed(problem, state.networks[direction]) === null;

function saveTraining(training: Training, folder: string): string {
  const models = modelsOf(training);
  const [first] = models;
  if (!first)
    throw new ConfigError(
      "usage",
      "nothing is trained yet: save the training after some steps of run()",
    );
  const { problem, state } = training;
  const config = describeProblem(problem, state.networks[first.direction]);
  return newFolder(folder, (temporary) => {
    const run = openRunOf(config, { folder: temporary, columns: ["half_iteration"] });
    for (const { half, direction } of models) {
      const network = state.samplers[direction];
      const facts = {
        dsbm: version,
        half_iteration: String(half),
        direction,
        shape: JSON.stringify(shapeOf(problem)),
        ...(isOwn(training, direction) && { network: network.constructor.name }),
      };
      run.saveFile(
        `models/${half}_${direction}.safetensors`,
        io.encodeTensors(network.stateDict(), facts),
      );
    }
    run.saveFile(problemFile, JSON.stringify({ grid: problem.schedule.grid }));
    run.finish();
    checkSame(training, temporary);
  });
}

function modelsOf(training: Training): { half: number; direction: Direction }[] {
  const { problem, state } = training;
  const newest = state.half + (training.save().facts.pass === null ? 0 : 1);
  const halves = Array.from({ length: newest }, (_, i) => newest - i).map((half) => ({
    half,
    direction: directionOf(problem, half),
  }));
  const isEach = problem.method.method.networks === "each";
  return halves.filter(
    (one) =>
      one.half === newest ||
      (isEach && halves.find(({ direction }) => direction === one.direction) === one),
  );
}

function checkSame(training: Training, folder: string): void {
  const { data, method, execution } = training.problem;
  // A run opens in float32.
  const allowed = execution.simulateDtype === "float32" ? 1e-4 : 0.1;
  const { device } = data.x0;
  const isUnknown = (["b", "f"] as const).some((direction) => isOwn(training, direction));
  using bridge = Bridge.open(folder, { device, ...(isUnknown && { network: method.network }) });
  for (const { direction } of modelsOf(training)) {
    const apart = tidy(() => {
      const end = sourceOf(direction);
      const some = (t: Tensor) => t.narrow(0, 0, Math.min(2, t.size(0)));
      const generator = () => Generator.create(1, device);
      const x = training.problem.data.decode(some(data[end]), { end, generator: generator() });
      const given = mapConditions(conditionsAt(data.conditions, end)?.values, some);
      const [a, b] = [training.sampler, bridge.sampler].map((one) =>
        one.endpoints(direction, x, { generator: generator(), given }),
      ) as [Tensor, Tensor];
      return a.sub(b).abs().max().item() / Math.max(1, a.abs().max().item());
    });
    if (!(apart < allowed))
      throw new ConfigError(
        "usage",
        `the run would not sample as this training does (direction ${direction}): its process, method or networks have options that a run does not have`,
      );
  }
}
