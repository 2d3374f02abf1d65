// The page that trains the peers' small GPT, by the same code that joins the comparison.
import { info, make } from "../../bench/peers/own.mjs";
import { batch, config, weights } from "./peerData.ts";

let model;

window.anchorgrad = {
  async start(device, threads) {
    model = await make(config, weights(), batch(), { device, threads });
    return info.backend;
  },
  async step() {
    return { loss: await model.step(), memory: model.mem() };
  },
};
