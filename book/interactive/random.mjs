// Random numbers that are the same on every machine.

/** A function that gives numbers in [0, 1), one after the other: the generator mulberry32. */
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) >>> 0;
    let z = Math.imul(seed ^ (seed >>> 15), seed | 1);
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
