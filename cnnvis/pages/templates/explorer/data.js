/* Data: every file is a script that calls cnnvis.put(key, value), for a page from the disk may load
   scripts and nothing else. What was loaded is kept, up to a limit; what was used least goes first. */
"use strict";
window.cnnvis = {};

(() => {
  let limit = 128 * 2 ** 20;
  const expected = new Map(); // key -> what to call with its value
  const kept = new Map(); // key -> {promise, bytes}, the one used least recently first
  let held = 0;

  function put(key, value) {
    const ready = expected.get(key);
    expected.delete(key);
    if (ready) ready(value);
  }

  function fetched(key) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const fail = (why) => {
        script.remove();
        if (expected.delete(key)) reject(new Error(`data/${key}.js ${why}`));
      };
      expected.set(key, resolve);
      script.onload = () => fail("is not what it should be. Make the explorer again.");
      script.onerror = () => fail("cannot be read. Keep the folder of the explorer whole, or make it again.");
      script.src = `data/${key}.js`;
      document.head.append(script);
    });
  }

  /* Return a promise of what a key holds, its packed arrays unpacked. */
  function load(key) {
    const known = kept.get(key);
    if (known) {
      kept.delete(key);
      kept.set(key, known);
      return known.promise;
    }
    const entry = { promise: fetched(key).then(unpacked), bytes: 0 };
    kept.set(key, entry);
    entry.promise.then(
      (value) => {
        if (kept.get(key) !== entry) return;
        entry.bytes = weight(value);
        held += entry.bytes;
        forget();
      },
      () => kept.delete(key),
    );
    return entry.promise;
  }

  function forget() {
    for (const [key, entry] of kept) {
      if (held <= limit || kept.size < 2) return;
      if (entry.bytes) {
        kept.delete(key);
        held -= entry.bytes;
      }
    }
  }

  /* The memory of a value, roughly: that of its arrays and words. */
  function weight(value) {
    if (ArrayBuffer.isView(value)) return value.byteLength;
    if (typeof value === "string") return value.length;
    if (value === null || typeof value !== "object") return 8;
    return Object.values(value).reduce((sum, part) => sum + weight(part), 16);
  }

  const TYPES = {
    uint8: Uint8Array,
    int16: Int16Array,
    uint16: Uint16Array,
    int32: Int32Array,
    float32: Float32Array,
  };

  /* Return a value with every packed array in it as a typed array. */
  async function unpacked(value) {
    if (value === null || typeof value !== "object") return value;
    if (typeof value.deflate === "string" && Array.isArray(value.shape)) return inflated(value);
    const keys = Object.keys(value);
    const parts = await Promise.all(keys.map((key) => unpacked(value[key])));
    return Array.isArray(value) ? parts : Object.fromEntries(keys.map((key, i) => [key, parts[i]]));
  }

  async function inflated({ type, deflate }) {
    const bytes = Uint8Array.from(atob(deflate), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new TYPES[type](await new Response(stream).arrayBuffer());
  }

  cnnvis.put = put;
  cnnvis.data = {
    load,
    /* What is in memory: for those who want to know whether it stays bounded. */
    usage: () => ({ files: kept.size, bytes: held, limit }),
    /* Keep so many bytes at most, and what is shown. */
    keep(bytes) {
      limit = bytes;
      forget();
    },
  };
})();
