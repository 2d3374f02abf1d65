import { district } from "./district.ts";
import { ecosystem } from "./ecosystem.ts";
import type { Lexicon } from "./lexicon.ts";
import { school } from "./school.ts";
import { zoo } from "./zoo.ts";

/** Four worlds of four layers, about 1,550 items. */
export const lexicon: Lexicon = [district, zoo, school, ecosystem];
