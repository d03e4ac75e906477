// Routing with sharpness, influences, and how fast they decay.

import { forwardSubstitution, softmax } from "../../examples/implementations/sessa.mjs";

/** `compute`, which needs time, with its latest result kept. */
export function remembered(compute) {
  let arguments_, result;
  return (...given) => {
    if (String(given) !== arguments_) [arguments_, result] = [String(given), compute(...given)];
    return result;
  };
}

/**
 * Feedback weights of T tokens: row t is the softmax over j < t of -sharpness (t - j).
 *
 * Sharpness 0 is uniform routing; a large one reads the predecessor alone.
 */
export const weights = remembered((T, sharpness) => {
  const logits = Array.from({ length: T }, (_, i) => -sharpness * (T - 1 - i)); // of the lags T - 1 down to 0
  return Array.from({ length: T }, (_, t) => softmax(logits.slice(T - 1 - t, T - 1)));
});

/** The influence of token tau on the tokens tau + 1, tau + 2, ...: column tau of (I - B)^(-1), B = gamma alpha. */
export function influence(alpha, gamma, tau) {
  // Rows and columns before tau contribute nothing.
  const B = alpha.slice(tau).map((row) => row.slice(tau).map((weight) => gamma * weight));
  const impulse = B.map((_, t) => [t === 0 ? 1 : 0]);
  return forwardSubstitution(B, impulse).map(([s_t]) => s_t).slice(1);
}

/** The same for uniform routing in closed form: Corollary F.2 (71). */
export function uniformInfluence(gamma, tau, lag) {
  return tailConstant(gamma, tau) * Math.exp(logGamma(tau + lag + gamma) - logGamma(tau + lag + 1));
}

/** What uniform influence tends to, times lag^(1 - gamma): gamma Gamma(tau + 1) / Gamma(tau + 1 + gamma). */
export function tailConstant(gamma, tau) {
  return gamma * Math.exp(logGamma(tau + 1) - logGamma(tau + 1 + gamma));
}

/** By how much one more token multiplies the influence in the long run, for a sharpness above 0. */
export function factorPerToken(gamma, sharpness) {
  return 1 - (1 - gamma) * -Math.expm1(-sharpness);
}

/** The logarithm of the gamma function for z > 0: Stirling's series, moved to where it is exact to rounding. */
export function logGamma(z) {
  let product = 1;
  for (; z < 15; z++) product *= z;
  const zz = z * z;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * zz)) / zz) / zz) / zz) / z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}

/** -d log(values) / d log(lags), by second-order differences between neighbours, one-sided at the ends. */
export function localExponent(lags, values) {
  const x = lags.map(Math.log);
  const y = values.map(Math.log);
  const slope = (i) => (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
  const last = x.length - 1;
  return x.map((_, i) => {
    if (i === 0) return -slope(0);
    if (i === last) return -slope(last - 1);
    const [before, after] = [x[i] - x[i - 1], x[i + 1] - x[i]];
    return -(after * slope(i - 1) + before * slope(i)) / (before + after);
  });
}
