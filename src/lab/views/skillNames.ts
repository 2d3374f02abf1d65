const names: Readonly<Record<string, string>> = {
  rev: "reverse letters",
  sort: "sort letters",
  calc: "arithmetic",
  kv: "look a value up",
  echo: "follow a format",
  conv: "convert units",
  bool: "evaluate logic",
};

/** What a prior skill is about. */
export const skillName = (skill: string): string => names[skill] ?? skill;
