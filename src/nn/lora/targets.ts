import { type AdapterConfig, isAllLinear } from "./adapterConfig.ts";
import { fullMatch } from "./pattern.ts";

/**
 * Whether a module gets an adapter, by PEFT's rules.
 * @param module its path, such as `model.layers.0.self_attn.q_proj`
 * @param isOneOfAll whether `"all-linear"` means it
 */
export function isTarget(config: AdapterConfig, module: string, isOneOfAll: boolean): boolean {
  const { targets, excludeModules, modulesToSave } = config;
  if (isNamed(excludeModules, module)) return false;
  if (modulesToSave.some((name) => isWithin(name, module))) return false;
  if (isAllLinear(targets)) return isOneOfAll && isInLayers(config, module);
  if (typeof targets === "string") return isNamed(targets, module);
  // A full path holds in every layer that it names; what ends in a name is held to the layers.
  return targets.includes(module) || (isNamed(targets, module) && isInLayers(config, module));
}

/** Whether modules_to_save holds a module or what it is part of. */
const isWithin = (name: string, module: string): boolean =>
  fullMatch(`(.*\\.)?(?:${name})(\\..*)?`, "modulesToSave")(module);

function isNamed(names: readonly string[] | string, module: string): boolean {
  if (typeof names === "string") return fullMatch(names, "targets")(module);
  return names.some((name) => module === name || module.endsWith(`.${name}`));
}

function isInLayers({ layersToTransform, layersPattern }: AdapterConfig, module: string): boolean {
  if (!layersToTransform?.length) return true;
  const patterns = layersPattern?.length ? layersPattern : ["[^.]*"];
  // PEFT takes the first pattern that fits, and of it the last number in the path.
  for (const pattern of patterns) {
    const numbers = module.split(".").flatMap((part, i, parts) => {
      const [before, after] = [parts.slice(0, i).join("."), parts.slice(i + 1)];
      const isNumber = /^\d+$/.test(part) && after.length > 0;
      return isNumber && fullMatch(`.*\\.(?:${pattern})`, "layersPattern")(before)
        ? [Number(part)]
        : [];
    });
    const layer = numbers.at(-1);
    if (layer !== undefined) return layersToTransform.includes(layer);
  }
  return false;
}

/** The number of the first pattern that a module's path, or what follows one of its dots, matches. */
export function ofPattern(
  patterns: Readonly<Record<string, number>>,
  module: string,
): number | undefined {
  return Object.entries(patterns).find(([key]) =>
    fullMatch(`(.*\\.)?(?:${key})`, "pattern")(module),
  )?.[1];
}
