// The lab for programs: tests and the demo. `scripts/lab` is the same for people.
export { down, status, summary, up } from './lab.ts';
export { kill, restart } from './restart.ts';
export { LabRefusal } from './refusal.ts';
export type { UpOptions } from './lab.ts';
export { network, paths, ports } from './paths.ts';
export type { LabPaths } from './paths.ts';
export { deployShop, resetShop, stagingDatabaseUrl } from './shop.ts';
export type { DeployedShop, ShopVersions } from './shop.ts';
export { candidateFaults, findFault } from './faults.ts';
export type { CandidateFaultName } from './faults.ts';
export { startTraffic, stopTraffic, trafficRuns } from './traffic.ts';
export { auditWrites } from './audit.ts';
export type { AuditedWrite, AuditQuestion } from './audit.ts';
export { kubectl } from './cluster.ts';
export { toolPath } from './tools/build.ts';
export { lacks, machineFacts } from './doctor.ts';
