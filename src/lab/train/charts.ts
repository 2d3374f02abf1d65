import type { Storage } from "../runs/storage.ts";
import { certificateView } from "../views/certificates.ts";
import { divergenceView, lossView, skillsView } from "../views/curves.ts";
import { distributionsView } from "../views/distributions.ts";
import { machineView } from "../views/machine.ts";
import { samplesView } from "../views/samples.ts";
import type { View } from "../views/view.ts";

/** What stands below the first view: loaded when that is there. */
export const createCharts = ({ read }: Pick<Storage, "read">): readonly View[] => [
  ...[certificateView(), skillsView(), distributionsView(read)],
  ...[lossView(), divergenceView(), samplesView(), machineView()],
];
