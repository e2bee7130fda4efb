// What launchers say in the environment, and where the processes of a job meet by it.
import { describe, expect, it } from "vitest";
import { expandNodes, portOf } from "../src/distributed/environment.js";
import { distributed } from "../src/index.js";

const { placeFromEnvironment } = distributed;

describe("a place in the environment", () => {
  it("is alone without a launcher, and in an sbatch script that is no step", () => {
    const alone = { launcher: "none", rank: 0, worldSize: 1, localRank: 0, localSize: 1 };
    expect(placeFromEnvironment({})).toMatchObject(alone);
    const script = { SLURM_PROCID: "0", SLURM_NTASKS: "8", SLURM_JOB_ID: "3" };
    expect(placeFromEnvironment(script)).toMatchObject(alone);
    expect(placeFromEnvironment({ ...script, SLURM_STEP_ID: "batch" })).toMatchObject(alone);
  });

  it("is read as torchrun sets it", () => {
    const variables = {
      ...{ RANK: "5", WORLD_SIZE: "8", LOCAL_RANK: "1", LOCAL_WORLD_SIZE: "4" },
      ...{ MASTER_ADDR: "node0", MASTER_PORT: "29400" },
      ...{ TORCHELASTIC_RUN_ID: "job", TORCHELASTIC_RESTART_COUNT: "2" },
      TORCHELASTIC_USE_AGENT_STORE: "True",
    };
    expect(placeFromEnvironment(variables)).toEqual({
      ...{ launcher: "torchrun", rank: 5, worldSize: 8, localRank: 1, localSize: 4 },
      ...{ address: "node0", port: 29400, served: true, attempt: "job/2" },
    });
    const local = { ...variables, WORLD_SIZE: "8", LOCAL_WORLD_SIZE: "8" };
    expect(placeFromEnvironment(local).address).toBe("node0"); // torchrun's own store is there
    expect(
      placeFromEnvironment({ ...local, TORCHELASTIC_USE_AGENT_STORE: undefined }).address,
    ).toBe("127.0.0.1");
    // Kubernetes sets no more than these.
    const { RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT } = variables;
    expect(placeFromEnvironment({ RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT })).toMatchObject({
      ...{ rank: 5, worldSize: 8, served: false },
    });
  });

  it("is read as Kubeflow Trainer sets it for a pod of a TrainJob", () => {
    const variables = {
      ...{ PET_NNODES: "4", PET_NPROC_PER_NODE: "1", PET_NODE_RANK: "3" },
      ...{ PET_MASTER_ADDR: "dsbm-mnist-node-0-0.dsbm-mnist", PET_MASTER_PORT: "29400" },
    };
    expect(placeFromEnvironment(variables)).toEqual({
      ...{ launcher: "kubeflow", rank: 3, worldSize: 4, localRank: 0, localSize: 1 },
      ...{ address: variables.PET_MASTER_ADDR, port: 29400, served: false, attempt: "" },
    });
    // torchrun in a pod passes its own variables on to its processes.
    const ranks = { RANK: "7", WORLD_SIZE: "8", LOCAL_RANK: "1", LOCAL_WORLD_SIZE: "2" };
    expect(placeFromEnvironment({ ...variables, ...ranks })).toMatchObject({
      ...{ launcher: "torchrun", rank: 7, worldSize: 8 },
    });
    expect(() => placeFromEnvironment({ ...variables, PET_NPROC_PER_NODE: "8" })).toThrow(
      /PET_NPROC_PER_NODE=8: expected 1.*numProcPerNode: 1/,
    );
    expect(() => placeFromEnvironment({ PET_NNODES: "4" })).toThrow(/PET_NODE_RANK is not/);
  });

  it("is read as srun sets it, several nodes with other numbers of tasks included", () => {
    const variables = {
      ...{ SLURM_PROCID: "4", SLURM_NTASKS: "5", SLURM_STEP_NUM_TASKS: "5", SLURM_LOCALID: "0" },
      ...{ SLURM_NODEID: "2", SLURM_STEP_ID: "1", SLURM_JOB_ID: "77" },
      ...{ SLURM_STEP_NODELIST: "gpu[09-10],big", SLURM_STEP_TASKS_PER_NODE: "2(x2),1" },
    };
    const place = placeFromEnvironment(variables);
    expect(place).toMatchObject({
      ...{ launcher: "slurm", rank: 4, worldSize: 5, localRank: 0, localSize: 1 },
      ...{ address: "gpu09", port: portOf("slurm 77.1"), attempt: "77.1/0" },
    });
    expect(placeFromEnvironment({ ...variables, SLURM_NODEID: "1" }).localSize).toBe(2);
    const other = placeFromEnvironment({ ...variables, SLURM_STEP_ID: "2" });
    expect(other.port).not.toBe(place.port);
    const own = { MASTER_ADDR: "elsewhere", MASTER_PORT: "4000" };
    expect(placeFromEnvironment({ ...variables, ...own })).toMatchObject({
      ...{ address: "elsewhere", port: 4000 },
    });
    const one = placeFromEnvironment({ ...variables, SLURM_STEP_NODELIST: "gpu09" });
    expect(one.address).toBe("127.0.0.1");
  });

  it.each([
    [{ RANK: "0" }, /RANK is set but WORLD_SIZE is not/],
    [{ WORLD_SIZE: "2" }, /WORLD_SIZE is set but RANK is not/],
    [{ RANK: "2", WORLD_SIZE: "2" }, /rank 2 of 2 processes .*: ranks count from 0 to 1/],
    [{ RANK: "-1", WORLD_SIZE: "2" }, /RANK=-1: expected a whole number/],
    [{ RANK: "0", WORLD_SIZE: "two" }, /WORLD_SIZE=two: expected a whole number of at least 1/],
    [{ RANK: "0", WORLD_SIZE: "0" }, /WORLD_SIZE=0/],
    [{ RANK: "0", WORLD_SIZE: "1", MASTER_PORT: "70000" }, /MASTER_PORT=70000: .* 1 to 65535/],
  ])("refuses %j in one line", (variables, message) => {
    expect(() => placeFromEnvironment(variables)).toThrow(
      expect.objectContaining({ code: "ERR_TORCH_DISTRIBUTED" }),
    );
    expect(() => placeFromEnvironment(variables)).toThrow(message);
  });
});

describe("a Slurm list of nodes", () => {
  it.each([
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    ["gpu[1-3]", ["gpu1", "gpu2", "gpu3"]],
    ["gpu[08-10,12]x,log", ["gpu08x", "gpu09x", "gpu10x", "gpu12x", "log"]],
    ["r[1-2]n[3,5]", ["r1n3", "r1n5", "r2n3", "r2n5"]],
  ])("%s is expanded", (list, names) => expect(expandNodes(list)).toEqual(names));

  it.each(["", ",", "a,,b", "a[", "a[1-", "a[2-1]", "a[x]", "a]b"])('"%s" is refused', (list) =>
    expect(() => expandNodes(list)).toThrow(/is no Slurm list of nodes/),
  );
});
