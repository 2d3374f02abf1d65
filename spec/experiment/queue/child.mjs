// A process in place of the one that trains. Its first attempt at a row leaves a checkpoint and waits
// to be killed; one that finds a checkpoint ends, and so does one of a row that is called short.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A safetensors file without tensors. */
function write(path, metadata) {
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([length, header]));
}

process.on("message", ({ job: { recipe, seed, row }, checkpoints, unfinished }) => {
  const name = `seed-${seed}/${row}.safetensors`;
  const begun = `${unfinished}/${name}`;
  const before = recipe.rows.filter(({ id }) => id !== row);
  const inputs = before.map(({ id }) => `${checkpoints}/seed-${seed}/${id}.safetensors`);
  const measured = (measurement) => process.send({ kind: "measured", measurement });
  if (row.startsWith("lost")) process.exit(1);
  if (!row.startsWith("short") && !existsSync(begun)) {
    write(begun, { checkpoint: '{"step":7}', row: "{}" });
    measured({ kind: "progress", stage: { kind: "row", id: row }, seed, step: 7 });
    return;
  }
  write(`${checkpoints}/${name}`, {
    inputs: inputs.map((path) => readFileSync(path, "utf8")).join(),
  });
  measured({ kind: "attempt", seed, row, device: "none" });
  measured({ kind: "row", seed, row, target: existsSync(begun) ? 2 : 1 });
  process.send({ kind: "done" });
});
process.on("disconnect", () => process.exit());
