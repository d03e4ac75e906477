// Numbers in sentences.

const SUPERSCRIPTS = Object.fromEntries([..."0123456789-"].map((c, i) => [c, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[i]]));

/** A whole number as an exponent, raised. */
export function superscript(exponent) {
  return [...String(exponent)].map((c) => SUPERSCRIPTS[c]).join("");
}

/** A number with three digits, as 0.0123 or 1.23 × 10⁻⁷. */
export function rounded(number, digits = 3) {
  if (number === 0) return "0";
  if (!Number.isFinite(number)) return signed(number);
  if (Math.abs(number) >= 1e-3 && Math.abs(number) < 1e3) return signed(number.toPrecision(digits));
  const [mantissa, exponent] = number.toExponential(digits - 1).split("e");
  return `${signed(mantissa)}\u202f×\u202f10${superscript(exponent.replace("+", ""))}`;
}

/** With a fixed number of decimals. */
export function fixed(number, decimals) {
  return signed(number.toFixed(decimals));
}

function signed(text) {
  return String(text).replace("-", "−");
}
