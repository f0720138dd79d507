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

/** Dependencies of routes and pages. */
export interface Dependencies {
  countdowns: Countdowns;
  evidence: EvidenceStore;
  folder: EvidenceFolder;
  figures: FiguresReader;
  /** What may be started on this server, and by whom. */
  startPolicy: StartPolicy;
  identity: Identity;
  signer: Signer;
  sessions: Sessions;
  live: Live;
  /** `pageBase`: address of this server for people, without a trailing slash. */
  links: { pageBase: string };
  /** Whether the server is reachable from this machine only. */
  loopback: boolean;
  now: () => number;
  /** Writes one line to the log. */
  log: (line: string) => void;
  /** Logs an error that is not a modelled refusal. */
  onFault: (error: unknown) => void;
  report: (c: AppContext, release: string) => Promise<Response>;
}
