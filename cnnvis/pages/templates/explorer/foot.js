/* On narrow windows the photo and the map scroll away above the grid: then a bar at the foot of the
   window shows the chosen channel, and leads back to them. */
"use strict";

(() => {
  function attach(map) {
    const foot = document.querySelector(".foot");
    const small = foot.querySelector("canvas");
    foot.querySelector("button").addEventListener("click", () => {
      map.scrollIntoView({ block: "start" });
      map.querySelector("canvas").focus({ preventScroll: true });
    });
    new IntersectionObserver(([{ isIntersecting }]) => {
      document.documentElement.toggleAttribute("data-away", !isIntersecting);
    }).observe(map);
    return function show(atlas, channel) {
      atlas.draw(small.getContext("2d"), channel, 0, 0, small.width, small.height);
    };
  }

  cnnvis.foot = { attach };
})();
