// The margin of the network of Theorem 12, from its kernel in closed form, beside those of the comparison classes.

import { solve } from "./decay.mjs";
import { choice, frame, slider } from "./frame.mjs";
import { axis, lagAxis, livePlot, logarithmic, plotArea } from "./plot.mjs";
import { fixed, rounded } from "./text.mjs";

const BETAS = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
const HORIZONS = [16, 32, 64, 128, 256, 512, 1024];
const STEP = 0.05; // of the state-space model
const DAMPING = { printed: 4, truer: 1024 };

const CAPTION = String.raw`
The margin of token 0 against the lag, divided by its value at lag 1, both axes logarithmic. Sessa: the kernel of the network with
\(11+2k\) blocks, by forward substitution: the profile is the damped sum of a tail, and each macro-layer adds
\((I-B)^{-1}\) of the running mean of profile times signal, with \(B_{t,j}=(1-\beta)/t\). Feedback off: the same without
\((I-B)^{-1}\) in the macro-layers. Attention: \(k\) layers \(x_t+\frac{1}{t+1}\sum_{j\le t}x_j\). State space: \(k\) layers
\(x_t+h_t\), \(h_t=e^{-0.05}h_{t-1}+x_t\). Dotted: a multiple of \((1+\ell)^\nu\), through the last point of Sessa’s
margin. The printed profile counts its seed twice and is damped by \(1-\frac{1}{4T}\); the truer one counts it once and is
damped by \(1-\frac{1}{1024\,T}\).`;

export function lastingMemory(place) {
  const layers = slider({ name: "k", label: "Macro-layers <i>k</i>", values: [1, 2, 3, 4], value: 2 });
  const beta = slider({ name: "beta", label: "<i>β</i>", values: BETAS, value: 0.5, shown: (b) => fixed(b, 2) });
  const horizon = slider({ name: "horizon", label: "Horizon <i>H</i>", values: HORIZONS, value: 256 });
  const form = choice({
    name: "profile",
    label: "Profile",
    options: { printed: "as printed", truer: "truer" },
    value: "printed",
  });
  const controls = [layers, beta, horizon, form];
  const description =
    "The margin over the lag with logarithmic axes. Sessa's is nearly a straight line of slope k (1 - beta) - 1; without " +
    "feedback in the macro-layers the slope is smaller by 1 - beta; attention falls, and the state-space model drops off.";
  const drawing = plotArea(description, 420);
  const say = frame(place, { title: "A memory that does not fade", controls, drawing, caption: CAPTION });

  const compute = () => {
    const [k, b, H] = [layers.value, beta.value, horizon.value];
    const solved = (f) => solve(1 - b, 0, f); // uniform routing
    const written = profile(H + 1, solved, form.value);
    const lags = Array.from({ length: H }, (_, i) => i + 1);
    const nu = k * (1 - b) - 1;
    const curves = {
      Sessa: stack(k, H, (signal) => solved(runningMean(signal.map((s, t) => s * written[t])))),
      "feedback off": stack(k, H, (signal) => runningMean(signal.map((s, t) => s * written[t]))),
      attention: stack(k, H, runningMean),
      "state space": stack(k, H, fadingSum),
    };
    say(sentence(k, b, H, nu, curves));
    return { lags, curves, law: lags.map((lag) => curves.Sessa[H - 1] * ((1 + lag) / (1 + H)) ** nu) };
  };
  return livePlot(drawing, controls, compute, picture);
}

/** The profile of T tokens: a tail from token 0, summed by a damped integrator. */
function profile(T, solved, form) {
  const tail = solved(Array.from({ length: T }, (_, t) => (t === 0 ? 1 : 0)));
  if (form === "printed") tail[0] += 1; // its transport adds to the seed
  const gain = 1 - 1 / (DAMPING[form] * T);
  let sum = 0;
  return tail.map((value) => (sum = value + gain * sum));
}

/** What k layers x + layer(x) make of a 1 at token 0: the margins for lag 1 to H, divided by the first. */
function stack(k, H, layer) {
  let signal = Array.from({ length: H + 1 }, (_, t) => (t === 0 ? 1 : 0));
  for (let n = 0; n < k; n++) {
    const added = layer(signal);
    signal = signal.map((s, t) => s + added[t]);
  }
  return signal.slice(1).map((s) => s / signal[1]);
}

function runningMean(values) {
  let sum = 0;
  return values.map((value, t) => (sum += value) / (t + 1));
}

function fadingSum(values) {
  let state = 0;
  return values.map((value) => (state = Math.exp(-STEP) * state + value));
}

function sentence(k, beta, H, nu, curves) {
  const law = Math.abs(nu) < 1e-9 ? "frozen" : nu > 0 ? "growing" : "fading";
  const [sessa, off, attention, ssm] = Object.values(curves).map((curve) => rounded(curve[H - 1]));
  return (
    `<i>ν</i> = ${k} (1 − ${fixed(beta, 2)}) − 1 = ${fixed(nu, 2)}, ${law}: at lag ${H} the margin is ${sessa} times that at lag 1, ` +
    `${off} times with the feedback of the macro-layers off, ${attention} times in attention and ${ssm} times in the state-space model.`
  );
}

function picture({ lags, curves, law }, c) {
  const curve = (name, y, style) => ({ name, x: lags, y, width: 2.5, ...style });
  const traces = [
    curve("Sessa", curves.Sessa, { colour: c.green, width: 3.5 }),
    curve("feedback off", curves["feedback off"], { colour: c.green, dash: "9 6" }),
    curve("attention", curves.attention, { colour: c.blue, dash: "9 4 2 4" }),
    curve("state space", curves["state space"], { colour: c.vermilion, dash: "8 4" }),
    curve("slope <i>ν</i>", law, { colour: c.text, width: 1.5, dash: "2 4", silent: true }),
  ];
  const largest = Math.max(...curves.Sessa, ...curves["feedback off"], ...curves["state space"], ...law);
  const top = Math.max(1, Math.ceil(Math.log10(largest)));
  const layout = {
    xaxis: lagAxis(logarithmic(0, Math.ceil(Math.log10(lags.length)), { end: lags.length })),
    yaxis: axis("margin, relative to lag 1", logarithmic(-4, top, { step: top > 3 ? 2 : 1 })),
  };
  return { traces, layout };
}
