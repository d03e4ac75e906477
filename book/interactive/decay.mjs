// Influences under routing with sharpness, and how fast they decay.

/**
 * The solution s of (I - B) s = f, each f_t a number, for row t of B the gain times the softmax over j < t of
 * -sharpness (t - j).
 *
 * Sharpness 0 is uniform routing; a large one reads the predecessor alone. The rows' sums are carried from token to
 * token, so that the work is that of T steps.
 */
export function solve(gamma, sharpness, f) {
  const kept = Math.exp(-sharpness);
  let [weights, weighted] = [0, 0]; // of the tokens before t, and of their states; the predecessor's weight is 1
  return f.map((f_t) => {
    const s_t = weights ? f_t + (gamma * weighted) / weights : f_t;
    weights = 1 + kept * weights;
    weighted = s_t + kept * weighted;
    return s_t;
  });
}

/** The influence of token tau on the tokens tau + 1, tau + 2, ..., T - 1: column tau of (I - B)^(-1). */
export function influence(T, gamma, sharpness, tau) {
  const impulse = Array.from({ length: T }, (_, t) => (t === tau ? 1 : 0));
  return solve(gamma, sharpness, impulse).slice(tau + 1);
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
