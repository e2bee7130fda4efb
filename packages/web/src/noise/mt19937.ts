// The generator behind libtorch's processor noise, so that a seed gives the noise of the native sampler.

const [N, M] = [624, 397];

/** Mersenne Twister (Matsumoto and Nishimura 1998): a function that gives the next 32 bits of the stream of a seed. */
export function mt19937(seed: number): () => number {
  const s = new Uint32Array(N);
  s[0] = seed;
  for (let i = 1; i < N; i++) {
    const before = s[i - 1] as number;
    s[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  let at = N;
  return () => {
    if (at === N) {
      for (let i = 0; i < N; i++) {
        const y =
          ((s[i] as number) & 0x80000000) | ((s[i + 1 === N ? 0 : i + 1] as number) & 0x7fffffff);
        s[i] = (s[(i + M) % N] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = s[at++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
