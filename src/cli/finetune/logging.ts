import type { FinetuneEvent } from "../../finetune/train/events.ts";
import type { RunLog } from "../../logs/log.ts";

/** Tells a tracker what a fine-tune tells: losses, looks, certificates; under names with slashes, which
 * trackers group by. */
export async function logEvent(log: RunLog, event: FinetuneEvent): Promise<void> {
  if (event.kind === "step") {
    const { stage, step, loss, gradientNorm, learningRate } = event;
    await log.log(step, {
      [`${stage}/loss`]: loss,
      [`${stage}/gradient_norm`]: gradientNorm,
      ...(learningRate !== undefined && { [`${stage}/learning_rate`]: learningRate }),
    });
  } else if (event.kind === "look") {
    const { stage, step, set, kl, logLoss, exact, changed } = event;
    await log.log(step, {
      [`${stage}/${set}/kl_from_base`]: kl,
      [`${stage}/${set}/log_loss`]: logLoss,
      ...(exact !== undefined && { [`${stage}/${set}/exact`]: exact }),
      ...(changed !== undefined && { [`${stage}/${set}/changed`]: changed }),
    });
  } else if (event.kind === "best") {
    await log.log(event.step, { [`${event.stage}/best_log_loss`]: event.logLoss });
  } else if (event.kind === "certificate") {
    const { outer, alpha, mean } = event;
    await log.log(outer, {
      "certificate/step_kl": mean.stepKl,
      "certificate/bound": mean.bound,
      "certificate/alpha": alpha,
    });
  }
}
