/* Small parts of the page. Words from data become text, never HTML. */
"use strict";

(() => {
  /* Make an element: its attributes, and its children, which are elements or words. */
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (key === "style") Object.entries(value).forEach(([of, to]) => made.style.setProperty(of, to));
      else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  /* Put other children into a place; the focus stays at the button that stands where it was. */
  function renew(place, ...children) {
    const at = [...place.querySelectorAll("button")].indexOf(document.activeElement);
    place.replaceChildren(...children);
    const buttons = place.querySelectorAll("button:enabled");
    if (at >= 0) buttons[Math.min(at, buttons.length - 1)]?.focus({ preventScroll: true });
  }

  /* A name of any script and direction, kept apart from the words around it. */
  const named = (name) => element("bdi", {}, name);

  function percent(share) {
    return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
  }

  /* A number with four digits that count. */
  const short = (value) => String(Number(value.toPrecision(4))).replace("-", "−");

  let known = null;

  /* The colours of the page, for what is drawn. */
  function theme() {
    if (!known) {
      const style = getComputedStyle(document.documentElement);
      const colour = (name) => style.getPropertyValue(`--${name}`).trim();
      known = Object.fromEntries(["accent", "ink", "muted", "rule", "sheet"].map((name) => [name, colour(name)]));
    }
    return known;
  }

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    known = null;
    window.dispatchEvent(new Event("resize"));
  });

  let waiting = 0;

  /* Say something to who does not see the page; of many things at once only the last. */
  function say(words) {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      document.querySelector("#said").textContent = words;
    }, 120);
  }

  /* Say that something went wrong, or differs from what the address asks for; nothing takes it off. */
  function notice(words) {
    const place = document.querySelector("#notice");
    place.textContent = words;
    place.hidden = !words;
  }

  Object.assign(cnnvis, { element, renew, named, percent, short, theme, say, notice });
})();
