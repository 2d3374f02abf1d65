import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin, type UserConfig } from "vite";

/** Shared memory, and with it threads, wants an isolated page. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * What the page may load: its own files. It runs no text as code and compiles no WebAssembly: that
 * happens in the training worker, which a page's policy does not cover. GPU.js makes functions from
 * text there.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Puts the policy into what is built; the development server needs more. */
const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: policy },
      injectTo: "head-prepend",
    },
  ],
};

/** Lists what is built, for the service worker: a page that was there once is there offline. */
const listOfFiles: Plugin = {
  name: "list-of-files",
  apply: "build",
  writeBundle({ dir }) {
    if (dir === undefined) throw new Error("vite: expected a folder to write to, got none");
    const files = readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "serviceWorker.js")
      .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"));
    const paths = files.map((path) => (path === "index.html" ? "./" : path));
    writeFileSync(join(dir, "files.json"), JSON.stringify(paths.sort()));
  },
};

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(here("../../package.json"), "utf8"));

/** Programs go by their functions' names, in errors and in listings. */
const names = { output: { keepNames: true } };

const config: UserConfig = defineConfig({
  root: here("."),
  // Works in any folder of any static server.
  base: "./",
  plugins: [contentSecurityPolicy, listOfFiles],
  assetsInclude: ["**/*.safetensors"],
  define: { __VERSION__: JSON.stringify(version) },
  worker: { format: "es", rolldownOptions: names },
  build: {
    outDir: here("../../dist/lab"),
    emptyOutDir: true,
    rolldownOptions: names,
    target: "es2023",
    // A file that is inlined would need data: in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
  },
  server: { headers },
  preview: { headers },
});
export default config;
