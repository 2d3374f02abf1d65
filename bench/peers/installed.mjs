// What of the comparison is on this machine, and what can be fetched.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Installs the JavaScript peers beside this file, unless they are there. */
export function installPeers() {
  if (existsSync(join(HERE, "node_modules/@jax-js/jax"))) return;
  const args = ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
  const { status } = spawnSync("npm", args, { cwd: HERE, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error("bench/peers: npm install failed");
}

/** A Python that has PyTorch, or undefined. PYTHON names one. */
export function pythonWithTorch() {
  const candidates = [process.env.PYTHON, "python3", "/usr/bin/python3"];
  return candidates.find(
    (python) => python && spawnSync(python, ["-c", "import torch, numpy"]).status === 0,
  );
}

/** Debian's folder of OpenBLAS, or undefined: there PyTorch takes what the loader finds first. */
export function openblasFolder() {
  if (process.env.OPENBLAS_DIR) return process.env.OPENBLAS_DIR;
  const places = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];
  return places.map((name) => `/usr/lib/${name}/openblas-pthread`).find(existsSync);
}

/** Chromium, or undefined. CHROMIUM names one. */
export const chromiumPath = () =>
  [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
    (path) => path && existsSync(path),
  );
