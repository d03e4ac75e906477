// Colours of the page's theme. Curves have colours of Okabe and Ito, which colour-blind readers can tell apart.

/** The colours now: `text`, `muted`, `grid`, `page` and `surface` of the theme, and three for curves. */
export function colours() {
  const root = getComputedStyle(document.documentElement);
  const ofTheme = (name) => root.getPropertyValue(`--pst-color-${name}`).trim();
  const dark = document.documentElement.dataset.theme === "dark";
  return {
    text: ofTheme("text-base"),
    muted: ofTheme("text-muted"),
    grid: dark ? "#80808050" : "#80808038",
    page: ofTheme("background"),
    surface: ofTheme("surface"),
    blue: dark ? "#56B4E9" : "#0072B2",
    vermilion: "#D55E00",
    green: "#009E73",
  };
}

/** Call `recolour` whenever the reader changes the theme. */
export function onThemeChange(recolour) {
  new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** Print pages light, whatever theme they are read in. */
export function printLight() {
  const page = document.documentElement;
  let theme = page.dataset.theme;
  window.addEventListener("beforeprint", () => {
    theme = page.dataset.theme;
    page.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => {
    page.dataset.theme = theme;
  });
}
