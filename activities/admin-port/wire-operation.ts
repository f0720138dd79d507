// How an operation is named to a pod: services remember a bounded id, and write it to their audit.
import { digestOf } from '../../verdict/digest.ts';
import type { Operation } from '../kubernetes/contract.ts';

/** Limit of the switch and fault endpoints. The longest names of release, checkpoint, step and Deployment exceed it together. */
const MAX_OPERATION_BYTES = 256;
const DIGEST_CHARACTERS = 32;
/** Longest TTL that the endpoints accept. */
export const MAX_TTL_MS = 24 * 3_600_000;

/** A TTL as Go reads it. */
export const wireTtl = (ttlMs: number): string => `${ttlMs}ms`;

/** The operation's id; a long one keeps its beginning and ends with a digest of the whole. Ids are ASCII. */
export function wireOperation({ id }: Pick<Operation, 'id'>): string {
  if (id.length <= MAX_OPERATION_BYTES) return id;
  const digest = digestOf(id).replace('sha256:', '').slice(0, DIGEST_CHARACTERS);
  return `${id.slice(0, MAX_OPERATION_BYTES - DIGEST_CHARACTERS - 1)}~${digest}`;
}

/** Who changes it, for the audit of the service: at most 117 of its 128 bytes. */
export const wireAuthor = ({ countdown }: Pick<Operation, 'countdown'>): string => `${TMINUS} ${countdown}`;

/** Whether a change in force was made by Tminus. */
export const isByTminus = (who: string): boolean => who.startsWith(`${TMINUS} `);

const TMINUS = 'tminus';
