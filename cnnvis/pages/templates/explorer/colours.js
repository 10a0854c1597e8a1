/* From values to colours: one table of 256 colours for values without sign, one for those with. */
"use strict";

(() => {
  let tables = null; // {plain, signed}: 256 colours, each as one number
  let clusters = [];

  function packed(rgb) {
    const words = new Uint32Array(256);
    for (let i = 0; i < 256; i++) {
      words[i] = (255 << 24) | (rgb[3 * i + 2] << 16) | (rgb[3 * i + 1] << 8) | rgb[3 * i];
    }
    return words;
  }

  function use(contents) {
    tables = { plain: packed(contents.colours.plain), signed: packed(contents.colours.signed) };
    clusters = contents.colours.clusters;
  }

  /* Return the colours of the 256 bytes of a channel.
     look: {limit, signed, scale}: the value of full colour, and how colours go with values. */
  function ofBytes(low, high, look) {
    const table = look.signed ? tables.signed : tables.plain;
    const found = new Uint32Array(256);
    for (let byte = 0; byte < 256; byte++) {
      found[byte] = table[place(low + ((high - low) * byte) / 255, look)];
    }
    return found;
  }

  function place(value, { limit, signed, scale }) {
    const share = Math.min(1, Math.abs(value) / limit);
    const shown = (scale === "root" ? Math.sqrt(share) : share) * Math.sign(value);
    return Math.round(signed ? 127.5 + 127.5 * shown : 255 * Math.max(0, shown));
  }

  /* Return a colour of the table for values without sign, for a share from 0 to 1. */
  function heat(share) {
    const word = tables.plain[Math.round(255 * Math.min(1, Math.max(0, share)))];
    return [word & 255, (word >> 8) & 255, (word >> 16) & 255];
  }

  const ofCluster = (number) => clusters[number % clusters.length];

  cnnvis.colours = { use, ofBytes, heat, ofCluster };
})();
