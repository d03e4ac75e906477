// The influence of one token on all later ones, and the local exponent of its decay.

import { factorPerToken, influence, localExponent, tailConstant, uniformInfluence } from "./decay.mjs";
import { frame, slider } from "./frame.mjs";
import { RATES, T, gainSlider } from "./memory.mjs";
import { axis, lagAxis, linear, livePlot, logarithmic, plotArea } from "./plot.mjs";
import { fixed, rounded } from "./text.mjs";

const SOURCES = [0, 1, 2, 4, 8, 16, 32, 64];

const CAPTION = String.raw`
Solid: the influence \((I-B)^{-1}_{\tau+\ell,\,\tau}\) of token \(\tau\) on the token \(\ell\) later, by forward
substitution over ${T} tokens, for \(B_{t,j}=\gamma\,\alpha_{t,j}\) with
\(\alpha_{t,j}=e^{-\kappa(t-j)}\big/\sum_{i\lt t}e^{-\kappa(t-i)}\) for \(j\lt t\). Sharpness \(\kappa=0\) is uniform routing;
a large \(\kappa\) reads the predecessor alone. Dashed: uniform routing in closed form,
\(\gamma\,\frac{\Gamma(\tau+1)}{\Gamma(\tau+1+\gamma)}\,\frac{\Gamma(\tau+\ell+\gamma)}{\Gamma(\tau+\ell+1)}\).
Dotted: the power law that it tends to, of slope \(-(1-\gamma)\). Below: the local exponent, minus the slope of the solid
curve in the upper plot; dotted again \(1-\gamma\).`;

export function impulseResponse(place) {
  const gain = gainSlider("Gain <i>γ</i>");
  const sharpness = slider({ name: "sharpness", label: "Sharpness <i>κ</i>", values: RATES, value: 0.05 });
  const source = slider({ name: "tau", label: "Impulse at token <i>τ</i>", values: SOURCES, value: 32 });
  const controls = [gain, sharpness, source];
  const description =
    "Two plots over the lag, both with logarithmic lag axis: above the influence, below its local exponent. " +
    "Uniform routing gives a straight line, a power law; sharper routing bends it down into an exponential.";
  const drawing = plotArea(description, 480);
  const say = frame(place, { title: "Impulse response", controls, drawing, caption: CAPTION });

  const compute = () => {
    const [gamma, kappa, tau] = controls.map((control) => control.value);
    const values = influence(T, gamma, kappa, tau);
    const lags = values.map((_, i) => i + 1);
    const uniform = lags.map((lag) => uniformInfluence(gamma, tau, lag));
    const law = lags.map((lag) => tailConstant(gamma, tau) * lag ** (gamma - 1));
    const positive = values.filter((value) => value > 0).length; // the rest is below the smallest number
    const exponents = positive > 1 ? localExponent(lags.slice(0, positive), values.slice(0, positive)) : [];
    say(sentence(gamma, kappa, tau, values, exponents));
    return { gamma, lags, values, uniform, law, exponents };
  };
  return livePlot(drawing, controls, compute, picture);
}

function sentence(gamma, kappa, tau, values, exponents) {
  if (gamma === 0) return `With <i>γ</i> = 0 there is no feedback: nothing of token ${tau} reaches the solution at later tokens.`;
  const at = (lag) => rounded(values[lag - 1]);
  const reached = `Of one unit at token ${tau}, ${at(10)} is left after 10 tokens, ${at(100)} after 100`;
  if (kappa === 0) {
    const exponent = fixed(exponents.at(-1), 3);
    return `${reached}; at the largest lag the local exponent is ${exponent}, and 1 − <i>γ</i> = ${fixed(1 - gamma, 3)}.`;
  }
  const factor = factorPerToken(gamma, kappa);
  const formula = "1 − (1 − <i>γ</i>)(1 − <i>e</i><sup>−<i>κ</i></sup>)";
  return `${reached}; in the long run every further token multiplies it by ${formula} = ${fixed(factor, 5)}, exponential decay.`;
}

function picture({ gamma, lags, values, uniform, law, exponents }, c) {
  const curve = (name, y, style) => ({ name, x: lags.slice(0, y.length), y, ...style });
  const exponent = { panel: 1, unnamed: true };
  const limit = { colour: c.vermilion, width: 2, dash: "2 4", silent: true };
  const traces = [
    curve("influence", values, { colour: c.blue, width: 3.5 }),
    curve("uniform routing", uniform, { colour: c.text, width: 1.5, dash: "8 6" }),
    curve("power law, slope −(1 − <i>γ</i>)", law, limit),
    curve("local exponent", exponents, { colour: c.blue, width: 3, ...exponent }),
    curve("1 − <i>γ</i>", lags.map(() => 1 - gamma), { ...limit, ...exponent }), // prettier-ignore
  ];
  const layout = {
    xaxis: lagAxis(logarithmic(0, 3, { end: T })),
    yaxis: axis("influence", { ...logarithmic(-4, 0, { start: 3e-5, end: 2 }), domain: [0.4, 1] }),
    yaxis2: axis("exponent", { ...linear(-0.05, 2.05, [0, 0.5, 1, 1.5, 2]), domain: [0, 0.31] }),
  };
  return { traces, layout };
}
