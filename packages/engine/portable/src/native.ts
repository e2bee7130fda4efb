/** What an engine hands out for a tensor, a generator, a program or a job: only the engine looks into it. */
export type External = { readonly __external: unique symbol };

/** An engine: libtorch's addon (see the comments of the same names under torch/native) or the portable one. */
export interface Native {
  lookup(name: string, overload: string): number;
  call(op: number, spare: External | undefined, ...args: unknown[]): unknown;
  schemas(name: string): string[];
  release(tensors: External[]): void;
  isDisposed(t: External): boolean;
  shape(t: External): number[];
  stride(t: External): number[];
  dtype(t: External): string;
  device(t: External): string;
  scopeBegin(): void;
  scopeEnd(survivors: External[]): boolean[];
  unscope(t: External): void;
  scopedBytes(): number;
  differentiate(
    outputs: External[],
    gradOutputs: External[],
    inputs: External[] | null,
    retain: boolean,
    allowUnused: boolean,
  ): (External | null)[] | null;
  getGrad(t: External): External | null;
  setGrad(t: External, grad: External | null): void;
  requiresGrad(t: External, on?: boolean): boolean;
  gradMode(on?: boolean): boolean;
  autocast(dtype: string | null): void;
  scripted(
    output: External,
    inputs: External[],
    parameters: External[],
    drawn: External[],
    backward: (gradient: External, saved: External[], needs: boolean[]) => (External | null)[],
  ): External;
  fromBytes(data: ArrayBufferView, shape: readonly number[], dtype: string): External;
  toBytes(t: External): ArrayBuffer;
  item(t: External): number | bigint | boolean;
  generator(device: string, seed: number | bigint | null): External;
  manualSeed(g: External | null, seed: number | bigint): void;
  generatorState(g: External): External;
  setGeneratorState(g: External, state: External): void;
  numThreads(n?: number): number;
  info(): [version: string, config: string, cudaDevices: string];
  memory(
    resetPeak: boolean,
    limit?: number,
  ): [current: number, peak: number, allocations: number, live: number];
  watchSignals(last: string): void;
  unwatchSignals(): void;
  recordBegin(inputs: External[]): External[];
  recordEnd(outputs: External[]): External;
  recordAbort(): void;
  replay(program: External, inputs: External[], only: boolean): External[] | null;
  startChunks(
    programs: External[],
    lengths: number[],
    inputs: External[],
    inputDims: number[],
    outputs: External[],
    outputDims: number[],
    threads: number,
    seed: number,
  ): External;
  finishChunks(job: External, stop: boolean): void;
}
