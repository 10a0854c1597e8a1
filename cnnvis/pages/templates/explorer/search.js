/* Search over everything in the explorer: studies, layers, images, classes, orders, channels. */
"use strict";

(() => {
  const { element, named } = cnnvis;
  const MOST = 12;

  /* on: {entries() -> promise of [{kind, name, hint, patch}], layers() -> names, with the number of
     channels, go(patch)} */
  function attach(root, on) {
    const field = root.querySelector("input");
    const list = root.querySelector("ul");
    let found = [];
    let chosen = -1;

    async function update() {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (!words.length) return close();
      const entries = await on.entries();
      found = [...channels(words, on.layers()), ...matching(entries, words)].slice(0, MOST);
      chosen = found.length ? 0 : -1;
      list.replaceChildren(...(found.length ? found.map(item) : [nothing()]));
      list.hidden = false;
      mark();
    }

    function item(entry, place) {
      return element(
        "li",
        {
          role: "option",
          id: `found-${place}`,
          onpointerdown: (event) => {
            event.preventDefault(); // the field keeps the focus until the entry is taken
            take(place);
          },
        },
        element("small", {}, entry.kind),
        element("span", {}, named(entry.name)),
        entry.hint ? element("small", { class: "hint" }, named(entry.hint)) : null,
      );
    }

    const nothing = () => element("li", { class: "none" }, "Nothing of that name.");

    function mark() {
      [...list.children].forEach((item, place) => item.setAttribute("aria-selected", place === chosen));
      field.setAttribute("aria-expanded", String(!list.hidden));
      if (chosen < 0) field.removeAttribute("aria-activedescendant");
      else {
        field.setAttribute("aria-activedescendant", `found-${chosen}`);
        list.children[chosen].scrollIntoView({ block: "nearest" });
      }
    }

    function close() {
      list.hidden = true;
      found = [];
      chosen = -1;
      mark();
    }

    function take(place) {
      if (!found[place]) return;
      const { patch } = found[place];
      field.value = "";
      close();
      on.go(patch);
    }

    field.addEventListener("input", update);
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      const turns = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in turns && found.length) {
        event.preventDefault();
        chosen = (chosen + turns[event.key] + found.length) % found.length;
        mark();
      } else if (event.key === "Enter") {
        take(chosen);
      } else if (event.key === "Escape") {
        field.value = "";
        close();
      }
    });
    return { focus: () => field.focus() };
  }

  /* Entries that hold all the words, those that begin with the first of them first. */
  function matching(entries, words) {
    const texts = entries.map((entry) => `${entry.name} ${entry.hint ?? ""} ${entry.kind}`.toLowerCase());
    return entries
      .map((entry, i) => ({ entry, i, begins: entry.name.toLowerCase().startsWith(words[0]) }))
      .filter(({ i }) => words.every((word) => texts[i].includes(word)))
      .sort((a, b) => b.begins - a.begins || a.i - b.i)
      .map(({ entry }) => entry);
  }

  /* A number is a channel, of every layer that has so many. */
  function channels(words, layers) {
    const numbers = words.filter((word) => /^\d+$/.test(word));
    if (numbers.length !== 1) return [];
    const others = words.filter((word) => word !== numbers[0] && !"channel".startsWith(word));
    const channel = Number(numbers[0]);
    return layers
      .filter(({ name, channels: count }) => channel < count && others.every((word) => name.toLowerCase().includes(word)))
      .map(({ name }) => ({
        kind: "channel",
        name: `channel ${channel}`,
        hint: name,
        patch: { layer: name, channel },
      }));
  }

  cnnvis.search = { attach };
})();
