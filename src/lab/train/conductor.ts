import type { Backend } from "../../engines/create.ts";
import type { Run } from "../runs/run.ts";
import type { Assignment, Order, Report } from "../worker/protocol.ts";
import { startWorker } from "../worker/start.ts";

/** Has a worker train a run, and keeps the run up to date. */
export interface Conductor {
  /** The run that is being trained. */
  current(): Run | undefined;
  begin(
    run: Run,
    assignment: Omit<Assignment, "name" | "threads" | "engine">,
    engine: Backend,
  ): void;
  order(kind: "pause" | "go" | "step" | "stop"): void;
}

/** A core is left to the page, so that it stays smooth. */
const threads = (): number => Math.max(1, Math.min(8, navigator.hardwareConcurrency - 1));

/**
 * @param changed is told of each change of the run
 * @param said is told what people should hear
 * @param keep gets the files of a worker that can keep none itself
 */
export function createConductor(
  changed: () => void,
  said: (text: string) => void,
  keep: (path: string, content: string | Uint8Array) => Promise<void>,
): Conductor {
  let worker: Worker | undefined;
  let run: Run | undefined;

  function end(): void {
    worker?.terminate();
    worker = undefined;
    run = undefined;
  }

  function fail(of: Run, report: Extract<Report, { kind: "failed" }>): void {
    of.status = "failed";
    of.trouble = { kind: report.trouble, message: report.message };
    said(`The run has failed. ${report.message}`);
    end();
    changed();
  }

  function hear(of: Run, report: Report): void {
    switch (report.kind) {
      case "engine":
        of.backend = report.config.backend;
        of.device = report.config.device;
        of.reason = report.reason;
        break;
      case "measurement":
        of.measurements.push(report.measurement);
        if (report.measurement.kind === "row") said(`${report.measurement.row} is done.`);
        break;
      case "figures":
        of.figures = report.figures;
        break;
      case "student":
        of.student = { ...report.student, version: (of.student?.version ?? 0) + 1 };
        break;
      case "samples":
        of.samples = { ...of.samples, [report.row]: report.samples };
        break;
      case "file":
        void keep(report.path, report.content);
        return;
      case "failed":
        fail(of, report);
        return;
      default:
        of.status = report.kind;
        said(`The run is ${report.kind}.`);
        if (report.kind === "finished" || report.kind === "stopped") end();
    }
    changed();
  }

  return {
    current: () => run,
    begin(of, assignment, engine) {
      end();
      run = of;
      of.status = "starting";
      of.trouble = undefined;
      worker = startWorker("training");
      worker.onmessage = ({ data }: MessageEvent<Report>) => hear(of, data);
      worker.onerror = ({ message }) =>
        fail(of, { kind: "failed", trouble: "other", message: message || "the worker has failed" });
      const order: Order = {
        kind: "run",
        assignment: { ...assignment, name: of.name, engine, threads: threads() },
      };
      worker.postMessage(order);
      changed();
    },
    order: (kind) => worker?.postMessage({ kind } satisfies Order),
  };
}
