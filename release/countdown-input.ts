// What a countdown is started with, and what the server signs of it.
import type { Seal, Signed } from '../verdict/signed.ts';
import type { Principal } from '../verdict/verdict.ts';
import type { Release } from './release.ts';

/** Everything a countdown starts from. Defaults are already applied; files are already in the evidence store. */
export interface CountdownInput {
  release: Release;
  /** SHA-256 of the release file's bytes: the revision people approve is bound to it. */
  releaseDigest: string;
  /** k6 scripts by the path the release file names them, as digests in the evidence store. */
  scripts: Record<string, string>;
  requestedBy: Principal;
  /** True on virtual time: shown everywhere, so that nobody takes a rehearsal for the launch. */
  rehearsal: boolean;
  /** The requester's comment; part of the first audit record. */
  comment?: string;
  /** A `Start` over all the others, signed by the server: without it nothing is begun. */
  start: Signed;
  /** State carried over a continue-as-new, with the seal of a worker over it; absent on a fresh start. */
  carried?: { state: unknown; seal: Seal };
}

/** What the server signs of a start: for this countdown and this input, once, and not for long. */
export interface Start {
  /** An action has none, so neither can be read as the other. */
  kind: 'start';
  /** Counts once: the worker records which first run it admitted. */
  id: string;
  /** Workflow id. */
  countdown: string;
  /** `inputDigest` of the input. */
  input: string;
  /** RFC 3339: by the worker's real clock nothing is launched before it. Holds and recycling only move a launch to later. */
  notBefore: string;
  /** RFC 3339, server clock. */
  issuedAt: string;
  /** RFC 3339, server clock: after this it admits nothing, by the worker's real clock. */
  notAfter: string;
}
