/** The settings of a fine-tune that are some methods' own, one row each. */
import {
  type DefaultedSetting,
  flag,
  fromZero,
  oneOf,
  open,
  positive,
  row,
  type Setting,
  share,
  upToOne,
  whole,
} from "./settingKinds.ts";

/** Those that have a value where nothing is said; what they mean is in `methodSettings`. */
export interface DefaultedMethodSettings {
  readonly temperatureSquared: boolean;
  readonly power: number;
  readonly threshold: number;
  readonly topK: number;
  readonly clipRatio: number;
  readonly period: number;
  readonly lambda: number;
  readonly restart: "never" | "outer";
  readonly sam: number;
  readonly updateShare: number;
  readonly selfAnswers: number;
  readonly mergeKind: "wise" | "ties" | "dare";
  readonly mergeKeep: number;
  readonly mergeDrop: number;
}

/** The others. */
export interface OpenMethodSettings {
  readonly tau: number;
  readonly samplingTemperature: number;
  readonly replayFrom: "retain" | "answers" | "base";
}

export const methodSettings: {
  readonly [N in keyof DefaultedMethodSettings]: DefaultedSetting<DefaultedMethodSettings[N]>;
} & { readonly [N in keyof OpenMethodSettings]: Setting<OpenMethodSettings[N]> } = {
  temperatureSquared: row(flag, "multiply divergences at a temperature τ by τ²", false),
  power: row(fromZero, "exponent of the weights of power, eaft and iwSft; 1 by default", 1),
  threshold: row(
    share(),
    "least probability of labels that threshold and stm learn; 0.4 by default",
    0.4,
  ),
  topK: row(whole(2), "likeliest tokens whose entropy eaft takes; 20 by default", 20),
  clipRatio: row(
    fromZero,
    "psft makes a label 1 + ε times as likely at most before it looks\nagain; 0.28 by default",
    0.28,
  ),
  period: row(whole(1), "steps after which psft does; 8 by default", 8),
  tau: open(
    positive,
    "nats a token over which the weights of flow and talr fall by e; by\ndefault the median loss of the base, and each sequence's mean",
  ),
  lambda: row(
    share(),
    "share of a batch that the student of onPolicyFresh answers before\neach step; 1 by default",
    1,
  ),
  samplingTemperature: open(
    fromZero,
    "at which the on-policy methods sample; --temperature by default",
  ),
  replayFrom: open(
    oneOf("retain", "answers", "base"),
    "prior rows in every batch, of any method: those of --retain, the base's\nown answers to them, or texts that the base writes from nothing;\nretain by default for replay, agem and ewc, else none",
  ),
  selfAnswers: row(
    whole(0, 1000),
    "answers of the base to each prompt, of which one with the same final\nanswer takes the place of the data's; 0 by default",
    0,
  ),
  mergeKind: row(
    oneOf("wise", "ties", "dare"),
    "what merge adds to the base: all of the difference that SFT makes, its\nlargest numbers, or those that chance leaves; wise by default",
    "wise",
  ),
  mergeKeep: row(share(), "share of numbers that ties keeps; 0.2 by default", 0.2),
  mergeDrop: row(share(true), "share that dare drops; 0.9 by default", 0.9),
  restart: row(
    oneOf("never", "outer"),
    "begin optimizer and schedule anew with each outer step; never by default",
    "never",
  ),
  sam: row(fromZero, "ρ of sharpness-aware minimization; 0, none, by default", 0),
  updateShare: row(
    upToOne,
    "share of each tensor's numbers that a step changes, those of largest\nmomentum (MoFO); 1 by default",
    1,
  ),
};
