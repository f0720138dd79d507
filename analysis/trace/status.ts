// The status of a span and whether it is a failure, by OpenTelemetry's semantic conventions for gRPC and HTTP. A server that answers
// NOT_FOUND or 404 did its work; for the calling client the call failed.
import type { Kind } from './spans.ts';

export interface Ending {
  /** `gRPC UNAVAILABLE`, `HTTP 503`; empty without a status, or where all went well. */
  status: string;
  failed: boolean;
}

/** gRPC codes by number. */
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
/** https://opentelemetry.io/docs/specs/semconv/rpc/grpc/: the others are the caller's fault. */
const SERVER_FAILURES: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);
const CLIENT_ERROR = 400;
const SERVER_ERROR = 500;

/** @param flagged the span itself is marked as failed; attributes may have their old or new names. */
export function endingOf(attributes: { get(key: string): string }, kind: Kind, flagged: boolean): Ending {
  const grpc = grpcCode(attributes);
  if (grpc !== '' && grpc !== 'OK')
    return { status: `gRPC ${grpc}`, failed: flagged || kind === 'client' || (kind === 'server' && SERVER_FAILURES.has(grpc)) };
  const http = Number(attributes.get('http.response.status_code') || attributes.get('http.status_code'));
  if (!(http >= CLIENT_ERROR)) return { status: '', failed: flagged };
  return { status: `HTTP ${http}`, failed: flagged || kind === 'client' || (kind === 'server' && http >= SERVER_ERROR) };
}

function grpcCode(attributes: { get(key: string): string }): string {
  const system = attributes.get('rpc.system.name') || attributes.get('rpc.system');
  const newer = system === '' || system === 'grpc' ? attributes.get('rpc.response.status_code') : '';
  const code = attributes.get('rpc.grpc.status_code') || newer;
  return CODES[code === '' ? -1 : Number(code)] ?? code.toUpperCase();
}
