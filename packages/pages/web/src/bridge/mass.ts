// States of samples with a mass: a further last number, its logarithm.

/** Samples [n, d] of mass 1 as states [n, d + 1]. */
export function withUnitMass(x: Float32Array, n: number): Float32Array {
  const d = x.length / n;
  const states = new Float32Array(x.length + n);
  for (let i = 0; i < n; i++) states.set(x.subarray(i * d, (i + 1) * d), i * (d + 1));
  return states;
}

/** Samples [n, d] and masses [n] of states [n, d + 1]. */
export function splitMass(states: Float32Array, n: number) {
  const d = states.length / n - 1;
  const samples = new Float32Array(n * d);
  const weights = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const at = i * (d + 1);
    samples.set(states.subarray(at, at + d), i * d);
    weights[i] = Math.exp(states[at + d]);
  }
  return { samples, weights };
}

/** Noise of states, which masses do not have. */
export function withoutMass(noise: Float32Array, n: number): Float32Array {
  const width = noise.length / n;
  for (let i = 1; i <= n; i++) noise[i * width - 1] = 0;
  return noise;
}
