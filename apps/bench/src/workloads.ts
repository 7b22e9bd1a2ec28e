/** All workloads, in the order in which they run. */
import { fanOut } from "./w1-fan-out.js";
import { manyDocuments } from "./w2-many-documents.js";
import { coldLoad } from "./w3-cold-load.js";
import { kill } from "./w4-kill.js";
import { joinStorm } from "./w5-join-storm.js";
import { patches } from "./w6-patches.js";
import { gateCost } from "./w7-gate.js";
import { historyCost } from "./w8-history.js";
import { jsonCost } from "./w9-json.js";
import { clientCost } from "./w10-clients.js";
import { typing } from "./w11-typing.js";
import type { Workload, WorkloadName } from "./workload.js";

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  w1: fanOut,
  w2: manyDocuments,
  w3: coldLoad,
  w4: kill,
  w5: joinStorm,
  w6: patches,
  w7: gateCost,
  w8: historyCost,
  w9: jsonCost,
  w10: clientCost,
  w11: typing,
};
