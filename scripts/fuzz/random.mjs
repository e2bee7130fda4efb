// One stream of random choices a call: call number i of seed s is the same whatever ran before it.
import { random } from "../torture/random.mjs";

/** Makes the random source of call `index` under `seed`. */
export function source(seed, index) {
  const next = random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
  for (let i = 0; i < 3; i++) next();
  const below = (n) => Math.floor(next() * n);
  return {
    next,
    below,
    chance: (p) => next() < p,
    pick: (list) => list[below(list.length)],
    many: (n, make) => Array.from({ length: n }, make),
  };
}
