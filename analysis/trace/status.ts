// How a span ended, and whether that is a failure: OpenTelemetry's semantic conventions for gRPC and HTTP, by the side that tells it.
// A server that answers NOT_FOUND or 404 did its work; for the client that asked, the call failed.
import type { Kind } from './spans.ts';

export interface Ending {
  /** `gRPC UNAVAILABLE`, `HTTP 503`; empty where nothing is told, or all went well. */
  status: string;
  failed: boolean;
}

/** gRPC's codes by their number. */
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
/** https://opentelemetry.io/docs/specs/semconv/rpc/grpc/: the others are the caller's own fault. */
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

/** @param flagged the span itself says that it failed; attributes under their old names and their new ones. */
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
