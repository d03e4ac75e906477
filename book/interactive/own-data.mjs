// The fields for a reader's own layer and tokens, and the line that says what is wrong with them.

import { element, freshId } from "./element.mjs";
import { layerFrom, tokensFrom } from "./own-layer.mjs";

/** An element that calls its onLayer(layer) and onTokens(read), with read(D) the tokens of width D. */
export function ownData() {
  const file = element("input", { id: freshId(), type: "file", name: "layer", accept: ".safetensors" });
  const heads = element("input", { id: freshId(), type: "number", name: "heads", min: 1, value: 1 });
  const text = element("textarea", { id: freshId(), name: "typed-tokens", rows: 3, spellcheck: "false" });
  const use = element("button", { type: "button", class: "action" }, "Use these tokens");
  const problem = element("p", { class: "problem", role: "alert" });
  const labelled = (input, words) => element("div", { class: "field" }, element("label", { for: input.id }, words), input);
  const own = element(
    "details",
    { class: "control load" },
    element("summary", {}, "Load your own"),
    labelled(file, "A layer: a safetensors file with the published names"),
    labelled(heads, "Its number of heads, if the file does not carry it"),
    labelled(text, "Tokens: JSON, an array of arrays of numbers, or a line of numbers for each token"),
    use,
    problem,
  );
  own.attempt = (action) => {
    problem.textContent = "";
    try {
      return action();
    } catch (error) {
      problem.textContent = `This does not fit: ${error.message.replace(/\s+/g, " ")}.`;
      own.open = true;
    }
  };
  own.clear = () => {
    problem.textContent = "";
    heads.value = 1;
    buffer = undefined;
    file.value = "";
    text.value = "";
  };
  let buffer;
  const load = () => buffer && own.attempt(() => own.onLayer(layerFrom(buffer, Number(heads.value))));
  file.addEventListener("click", () => (file.value = "")); // so that the same file can be read again
  file.addEventListener("change", async () => {
    buffer = await file.files[0]?.arrayBuffer();
    load();
  });
  heads.addEventListener("change", load);
  use.addEventListener("click", () => own.attempt(() => own.onTokens((D) => tokensFrom(text.value, D))));
  return own;
}
