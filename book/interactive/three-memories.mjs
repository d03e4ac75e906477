// What is left of one token after a lag: causal attention, a diagonal state-space model, and Sessa’s solve.

import { influence } from "./decay.mjs";
import { choice, frame, slider } from "./frame.mjs";
import { RATES, T, gainSlider } from "./memory.mjs";
import { axis, lagAxis, linear, livePlot, logarithmic, plotArea } from "./plot.mjs";
import { fixed, rounded } from "./text.mjs";

const GAPS = Array.from({ length: 25 }, (_, i) => i / 2);

const CAPTION = String.raw`
The influence of token 0 on token \(\ell\), all routing held fixed. Attention: the weight \(\alpha_{\ell,0}\) of a softmax
in which the logit of token 0 exceeds all others, which are equal, by the sharpness \(g\); at \(g=0\) attention is uniform.
State space: the factor \(e^{-\lambda\Delta\,\ell}\) of one diagonal mode of rate \(\lambda\) with the same step \(\Delta\)
for every token; \(\lambda\Delta=0\) freezes time and forgets nothing. Sessa: \((I-B)^{-1}_{\ell,0}\) by forward
substitution over ${T} tokens, for uniform routing \(B_{t,j}=\gamma/t\). Over a logarithmic lag a straight line is a power
law, over a linear lag it is an exponential.`;

export function threeMemories(place) {
  const sharpness = slider({
    name: "sharpness",
    label: "Attention: sharpness <i>g</i>",
    values: GAPS,
    value: 0,
    shown: (g) => fixed(g, 1),
  });
  const rates = RATES.filter((value) => value <= 2);
  const rate = slider({ name: "rate", label: "State space: <i>λ</i>Δ", values: rates, value: 0.02 });
  const gain = gainSlider("Sessa: gain <i>γ</i>");
  const scale = choice({
    name: "axis",
    label: "Lag axis",
    options: { log: "logarithmic", linear: "linear" },
    value: "log",
  });
  const controls = [sharpness, rate, gain, scale];
  const description =
    "Influence over the lag, on a logarithmic axis, for causal attention, a state-space model and Sessa. Uniform " +
    "attention falls like one over the lag, Sessa by a slower power law, the state-space model exponentially.";
  const drawing = plotArea(description, 400);
  const say = frame(place, { title: "Three memories", controls, drawing, caption: CAPTION });

  const compute = () => {
    const sessa = influence(T, gain.value, 0, 0);
    const lags = sessa.map((_, i) => i + 1);
    const attention = lags.map((lag) => 1 / (1 + lag * Math.exp(-sharpness.value)));
    const stateSpace = lags.map((lag) => Math.exp(-rate.value * lag));
    say(sentence(attention, stateSpace, sessa));
    return { lags, attention, stateSpace, sessa, scale: scale.value };
  };
  return livePlot(drawing, controls, compute, picture);
}

function sentence(attention, stateSpace, sessa) {
  const at = (curve, lag) => (curve[lag - 1] < 1e-12 ? "less than 10⁻¹²" : rounded(curve[lag - 1]));
  const after = (lag) => [attention, stateSpace, sessa].map((curve) => at(curve, lag));
  const [near, far] = [after(100), after(1000)];
  return (
    `After 100 tokens the influence of token 0 is ${near[0]} in attention, ${near[1]} in the state-space model and ` +
    `${near[2]} in Sessa’s solve; after 1000 tokens it is ${far[0]}, ${far[1]} and ${far[2]}.`
  );
}

function picture({ lags, attention, stateSpace, sessa, scale }, c) {
  const curve = (name, y, style) => ({ name, x: lags, y, width: 3, ...style });
  const traces = [
    curve("attention", attention, { colour: c.blue }),
    curve("state space", stateSpace, { colour: c.vermilion, dash: "9 6" }),
    curve("Sessa", sessa, { colour: c.green, dash: "9 4 2 4" }),
  ];
  const layout = {
    xaxis: lagAxis(scale === "log" ? logarithmic(0, 3, { end: T }) : linear(0, T, [0, 250, 500, 750, 1000])),
    yaxis: axis("influence of token 0", logarithmic(-5, 0, { start: 5e-6, end: 2 })),
  };
  return { traces, layout };
}
