// The steps of the layer in their order: what each does, in a sentence, and of which tables there are pictures.

/** Names of tables in sentences, as HTML. */
const SYMBOLS = {
  u: "<i>a̅</i>",
  q_rotated: "<i>q</i>, turned",
  k_rotated: "<i>k</i>, turned",
  alpha_fwd: "<i>α</i><sup>fwd</sup>",
  q_fb: "<i>q</i><sup>b</sup>",
  k_fb: "<i>k</i><sup>b</sup>",
  alpha_fb: "<i>α</i><sup>fb</sup>",
  gamma: "<i>γ</i>",
  K: "(<i>I</i> − <i>B</i>)<sup>−1</sup>",
};

/** The symbol of a table; of an array of parameters, its name. */
export function symbol(name) {
  const [base, index] = name.split(/[ ^]/);
  if (name.includes(".")) return `<code>${name}</code>`;
  if (name.includes("^")) return `<i>B</i><sup>${index}</sup>`;
  return `${SYMBOLS[base] ?? `<i>${base}</i>`}${index ? `, head ${index}` : ""}`;
}

/** The steps for a config and T tokens: { title, sentence, names }. */
export function layerSteps({ heads, norm, projection_bias }, T) {
  const linear = (name, bias = true) => [`${name}.weight`, ...(bias ? [`${name}.bias`] : [])];
  const numbered = (count, name) => Array.from({ length: count }, (_, i) => name(i));
  return [
    {
      title: "The tokens",
      sentence: "A row of numbers for each token. Every picture of what the layer computes has a row for each token, too.",
      names: ["x"],
    },
    norm === "layernorm"
      ? {
          title: "Layer norm (9)",
          sentence: "Each token by itself is shifted to mean 0 and scaled to variance 1, then scaled and shifted by parameters.",
          names: ["ln.weight", "ln.bias", "n"],
        }
      : { title: "No layer norm", sentence: "This layer leaves its tokens as they are.", names: ["n"] },
    {
      title: "Project and split (10)",
      sentence:
        "One linear map makes two halves: <i>a</i> goes into the two attentions, <i>g</i> waits and scales what comes out of them.",
      names: [...linear("W_in"), "a", "g"],
    },
    {
      title: "GELU (11)",
      sentence: "A number well above 0 passes, a number well below 0 becomes almost nothing.",
      names: ["u"],
    },
    {
      title: "Queries, keys and values (14)",
      sentence: "Three linear maps say what a token looks for, by what it is found, and what it hands over.",
      names: ["q_proj", "k_proj", "v_proj"].flatMap((name) => linear(`mixer.${name}`, projection_bias)).concat("q", "k", "v"),
    },
    {
      title: "Positions (15)",
      sentence: "Pairs of numbers turn by an angle that grows with the position, so that a query and a key see how far apart they are.",
      names: ["q_rotated", "k_rotated"],
    },
    {
      title: "Forward attention (15)",
      sentence: "Each token compares its query with the keys up to its own; softmax makes of the row positive weights that sum to 1.",
      names: numbered(heads, (h) => `alpha_fwd ${h}`),
    },
    {
      title: "The signal (16)",
      sentence:
        heads > 1
          ? "The weights of each head mix its values to <i>o</i>, and a linear map joins the heads to <i>f</i>: what attention alone gives."
          : "The weights mix the values to <i>f</i>: what attention alone gives.",
      names: ["o", ...(heads > 1 ? ["mixer.out_proj.weight"] : []), "f"],
    },
    {
      title: "Queries and keys of the feedback (14)",
      sentence: "The second attention has queries and keys of its own, which do not turn.",
      names: [...linear("mixer.proj_fb", projection_bias), "q_fb", "k_fb"],
    },
    {
      title: "Feedback attention (17)",
      sentence: "The same comparison, but each token sees only the tokens before it; so the first row is empty.",
      names: ["alpha_fb"],
    },
    {
      title: "The gain (18)",
      sentence: "One number for each token says how much of the feedback it takes, and with which sign.",
      names: ["mixer.gamma_ctx.weight", "mixer.gamma_bias", "gamma"],
    },
    {
      title: "The feedback matrix (19)",
      sentence: "Row <i>t</i> of the feedback weights times the gain of token <i>t</i>: one hop from an earlier token to a later one.",
      names: ["B"],
    },
    {
      title: "More hops",
      sentence:
        "The powers of <i>B</i> hold the routes of two hops, of three, and so on. Each has one diagonal less, until none is left; " +
        "the identity, <i>B</i> and its powers add up to the inverse.",
      names: [...numbered(Math.max(0, T - 2), (i) => `B^${i + 2}`), "K"],
    },
    {
      title: "The solve (20)",
      sentence: "Each row of <i>s</i> is that of <i>f</i> plus the earlier rows of <i>s</i>, weighted by <i>B</i>. It is computed from the top.",
      names: ["s"],
    },
    {
      title: "The way out (13)",
      sentence: "The gate <i>g</i> scales <i>s</i>, a linear map follows, and the token itself is added.",
      names: [...linear("W_out"), "y"],
    },
  ];
}
