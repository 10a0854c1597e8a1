/* Keys, wherever the focus is but in fields that take letters; and the help that lists them. */
"use strict";

(() => {
  /* commands: key -> [words, what it does]; a key may stand for several, as in "[ ]". */
  function attach(commands, help) {
    const list = help.querySelector("dl");
    for (const [keys, words] of commands) {
      const shown = keys.map((key) => cnnvis.element("kbd", {}, key));
      list.append(cnnvis.element("dt", {}, ...shown), cnnvis.element("dd", {}, words));
    }
    const on = help.querySelector("input");
    const known = new Map(commands.flatMap(([keys, , ...acts]) => keys.map((key, i) => [key, acts[i] ?? acts[0]])));

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || !on.checked) return;
      if (event.target.matches("input:not([type=range]), select, textarea") || help.open) return;
      const act = known.get(event.key);
      if (typeof act !== "function") return;
      event.preventDefault();
      act();
    });
    help.querySelector(".close").addEventListener("click", () => help.close());
    help.addEventListener("click", (event) => {
      if (event.target === help) help.close(); // beside it
    });
  }

  cnnvis.keys = { attach };
})();
