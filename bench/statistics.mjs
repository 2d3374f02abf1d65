export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Least squares of log y = e log x + c: the exponent e, and the constant factor. */
export function fitPower(points) {
  const [xs, ys] = [points.map(([x]) => Math.log(x)), points.map(([, y]) => Math.log(y))];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const dot = (as, ma, bs, mb) => as.reduce((sum, a, i) => sum + (a - ma) * (bs[i] - mb), 0);
  const exponent = dot(xs, mx, ys, my) / dot(xs, mx, xs, mx);
  return { exponent, factor: Math.exp(my - exponent * mx) };
}

/** CPU time of this process, all threads, ms. */
export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
