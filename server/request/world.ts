import type { EvidenceStore } from '../../activities/evidence/contract.ts';
import type { EvidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import type { StartPolicy } from '../../release/start-policy.ts';
import type { FiguresReader } from '../evidence/figures-apart.ts';
import type { Sessions } from '../identity/sessions.ts';
import type { Signer } from '../identity/signing.ts';
import type { Identity } from '../identity/tokens.ts';
import type { Countdowns } from '../temporal/countdowns.ts';
import type { Live } from '../temporal/live.ts';
import type { AppContext } from './context.ts';

/** All that routes and pages may reach. */
export interface World {
  countdowns: Countdowns;
  evidence: EvidenceStore;
  folder: EvidenceFolder;
  figures: FiguresReader;
  /** What may be started here. */
  startPolicy: StartPolicy;
  identity: Identity;
  signer: Signer;
  sessions: Sessions;
  live: Live;
  /** `pageBase`: where people reach this server, without a slash at the end. */
  links: { pageBase: string };
  /** Whether only this very machine can reach the server. */
  loopback: boolean;
  now: () => number;
  /** One line in the log. */
  log: (line: string) => void;
  /** What is no modelled refusal: a line in the log. */
  onFault: (error: unknown) => void;
  report: (c: AppContext, release: string) => Promise<Response>;
}
