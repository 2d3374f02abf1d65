import { builtin } from "../../builtin.ts";

/** The part of the package `webgpu` that is used here. */
interface Dawn {
  create(options: readonly string[]): { requestAdapter(): Promise<object | null> };
}

/** Named apart from its import, so that a bundler for the browser meets none that it cannot resolve. */
const PACKAGE = "webgpu";

const host = globalThis as { process?: { versions?: { node?: string } }; navigator?: object };

/** Dawn being provided: once, for devices do not outlive the object that they came from. */
let providing: Promise<void> | undefined;

/**
 * Gives Node what browsers have, `navigator.gpu`, for it is there that GPU.js looks: Dawn, the WebGPU
 * of Chromium, from the package `webgpu`. It runs on Vulkan, Metal or Direct3D 12.
 * @throws Error when the package cannot be loaded, or finds no GPU
 */
export async function provideWebGpu(): Promise<void> {
  if (!host.process?.versions?.node || (host.navigator && "gpu" in host.navigator)) return;
  providing ??= provideDawn().finally(() => {
    providing = undefined;
  });
  await providing;
}

async function provideDawn(): Promise<void> {
  const gpu = (await loadDawn()).create([]);
  if (!(await gpu.requestAdapter()))
    throw new Error(
      "createEngine: webgpu cannot start here: Dawn finds no GPU " +
        "(on Linux it needs the GPU's Vulkan driver and libvulkan.so.1)",
    );
  const provided = { value: gpu, configurable: true };
  if (host.navigator) Object.defineProperty(host.navigator, "gpu", provided);
  else Object.defineProperty(host, "navigator", { value: { gpu }, configurable: true });
}

async function loadDawn(): Promise<Dawn> {
  try {
    // Older ones lack what GPU.js asks of a device; it brings one of them along.
    const { version } = requireHere(`${PACKAGE}/package.json`) as { version: string };
    if (/^0\.[0-5]\./.test(version)) throw new Error(`found ${version}`);
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ PACKAGE)) as Dawn;
  } catch (error) {
    throw new Error(
      "createEngine: webgpu cannot start here: in Node it needs the package webgpu (Dawn), " +
        `0.6 or newer; run \`npm i webgpu\` (${(error as Error).message.split("\n")[0]})`,
      { cause: error },
    );
  }
}

function requireHere(name: string): unknown {
  const { createRequire } = builtin<typeof import("node:module")>("node:module") ?? {};
  return createRequire?.(import.meta.url)(name);
}
