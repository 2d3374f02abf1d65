import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";

/** Processor, cores, memory and system, as a report names them. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const cores = availableParallelism();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${cores} ${cores === 1 ? "core" : "cores"}, ${gibibytes} GiB, ${platform()} ${arch()}`;
}
