/* The tile that has the focus: a grid is drawn, but one cell of it is real, where the chosen channel
   is. It can be reached by the Tab key and moved by the arrows, and it says what it shows. */
"use strict";

(() => {
  /* on: {choose(channel, {by}), point(channel or -1)} */
  function attach(grid, on) {
    const table = grid.root.querySelector('[role="grid"]');
    const row = table.querySelector('[role="row"]');
    const cell = row.querySelector('[role="gridcell"]');

    function place() {
      const channel = grid.marked.chosen;
      const at = grid.place[channel];
      cell.hidden = at === undefined;
      if (cell.hidden) return;
      const { columns, rows, tile } = grid.size;
      const [x, y] = grid.corner(at);
      Object.assign(cell.style, {
        left: `${x}px`,
        top: `${y}px`,
        width: `${tile}px`,
        height: `${tile}px`,
      });
      table.setAttribute("aria-colcount", columns);
      table.setAttribute("aria-rowcount", rows);
      row.setAttribute("aria-rowindex", Math.floor(at / columns) + 1);
      cell.setAttribute("aria-colindex", (at % columns) + 1);
      const cluster = grid.clusters ? `, cluster ${grid.clusters[channel] + 1}` : "";
      cell.setAttribute(
        "aria-label",
        `channel ${channel}, place ${at + 1} of ${grid.order.length}${cluster}`,
      );
      cell.dataset.channel = channel;
    }

    function moved(event) {
      const { columns } = grid.size;
      const last = grid.order.length - 1;
      const at = grid.place[grid.marked.chosen];
      const steps = {
        ArrowLeft: at - 1,
        ArrowRight: at + 1,
        ArrowUp: at - columns,
        ArrowDown: at + columns,
        PageUp: at - 4 * columns,
        PageDown: at + 4 * columns,
        Home: 0,
        End: last,
      };
      if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const to = steps[event.key];
      // Pages end at the first and the last tile; single steps off the grid go nowhere.
      const inside = Math.min(last, Math.max(0, to));
      if (to !== inside && event.key.startsWith("Arrow")) return;
      on.choose(grid.order[inside], { by: "key" });
      cell.scrollIntoView({ block: "nearest" });
    }

    const under = (event) => grid.channelAt(event.offsetX, event.offsetY);
    grid.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") on.point(under(event));
    });
    grid.canvas.addEventListener("pointerleave", () => on.point(-1));
    grid.canvas.addEventListener("click", (event) => {
      const channel = under(event);
      if (channel >= 0) on.choose(channel, { by: "pointer" });
      cell.focus({ preventScroll: true });
    });
    cell.addEventListener("keydown", moved);
    grid.listeners.push(place);
    return { focus: () => cell.focus(), cell };
  }

  cnnvis.cell = { attach };
})();
