function hash32(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Draws for rows [first, first + n) of `size` numbers: [n · size] float32. `purpose` is the direction. */
export function rowNoise(
  { first, n, size }: { first: number; n: number; size: number },
  { seed, purpose }: { seed: number; purpose: string },
): () => Float32Array {
  const key = hash32(`${seed}/sample/${purpose}`);
  let stream = 0;
  return () => noiseAt(n * size, { key, stream: stream++, offset: first * size });
}

/** The upper 32 bits of a product of two unsigned 32-bit integers. */
function highProduct(a: number, b: number): number {
  const a1 = a >>> 16;
  const a0 = a & 0xffff;
  const b1 = b >>> 16;
  const b0 = b & 0xffff;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  return (a1 * b1 + Math.floor(middle / 0x10000) + ((middle & 0xffff) + a0 * b1) / 0x10000) | 0;
}

/** Philox4x32-10 (Salmon et al. 2011): 128 random bits, a function of counter and key. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const p = highProduct(0xd2511f53, a >>> 0);
    const q = highProduct(0xcd9e8d57, c >>> 0);
    [a, b, c, d] = [q ^ b ^ k0, Math.imul(0xcd9e8d57, c), p ^ d ^ k1, Math.imul(0xd2511f53, a)];
    [k0, k1] = [(k0 + 0x9e3779b9) | 0, (k1 + 0xbb67ae85) | 0];
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** Normal numbers of one call of the generator. */
const blockNumbers = 256;

function normals(out: Float32Array, key: readonly number[], index: number): void {
  for (let lane = 0; lane < 64; lane++) {
    const words = philox([index >>> 0, Math.floor(index / 2 ** 32), lane, 0], key);
    for (const half of [0, 1]) {
      const x = words[half];
      const y = words[half + 2];
      const radius = Math.sqrt(-2 * Math.log(((x >>> 1) + 0.5) * 2 ** -31));
      const angle = (y >> 8) * 2 ** -23 * (Math.PI / 4);
      const sin = Math.sin(angle);
      const cos = Math.cos(angle);
      const at = lane + 64 * half;
      out[at] = (y & 2 ? radius : -radius) * (y & 1 ? sin : cos);
      out[at + blockNumbers / 2] = (y & 4 ? radius : -radius) * (y & 1 ? cos : sin);
    }
  }
}

/** The numbers [offset, offset + n) of a stream of a key, [n] float32. */
function noiseAt(
  n: number,
  { key, stream, offset }: { key: number; stream: number; offset: number },
): Float32Array {
  const out = new Float32Array(n);
  const block = new Float32Array(blockNumbers);
  for (let done = 0; done < n; ) {
    const skip = (offset + done) % blockNumbers;
    const count = Math.min(blockNumbers - skip, n - done);
    normals(block, [key | 0, stream | 0], Math.floor((offset + done) / blockNumbers));
    out.set(block.subarray(skip, skip + count), done);
    done += count;
  }
  return out;
}
