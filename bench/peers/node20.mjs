// jax-js wants what Node 20 lacks: `navigator`, helpers of iterators, set operations, withResolvers.
globalThis.navigator ??= { hardwareConcurrency: 2 };

const define = (prototype, methods) => {
  for (const [name, value] of Object.entries(methods))
    if (!(name in prototype))
      Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
};

define(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), {
  *map(f) {
    let i = 0;
    for (const x of this) yield f(x, i++);
  },
  *filter(f) {
    let i = 0;
    for (const x of this) if (f(x, i++)) yield x;
  },
  *flatMap(f) {
    let i = 0;
    for (const x of this) yield* f(x, i++);
  },
  *take(n) {
    if (n <= 0) return;
    let left = n;
    for (const x of this) {
      yield x;
      if (--left <= 0) return;
    }
  },
  *drop(n) {
    let left = n;
    for (const x of this) if (left-- <= 0) yield x;
  },
  toArray() {
    return [...this];
  },
  reduce(...args) {
    return [...this].reduce(...args);
  },
  some(f) {
    return [...this].some(f);
  },
  every(f) {
    return [...this].every(f);
  },
  find(f) {
    return [...this].find(f);
  },
  forEach(f) {
    [...this].forEach(f);
  },
});

define(Set.prototype, {
  union(other) {
    return new Set([...this, ...other.keys()]);
  },
  intersection(other) {
    return new Set([...this].filter((x) => other.has(x)));
  },
  difference(other) {
    return new Set([...this].filter((x) => !other.has(x)));
  },
});

Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
