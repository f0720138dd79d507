// Writes as the apiserver's own audit log records them, independent of what Tminus reports.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { paths } from './paths.ts';

export interface AuditedWrite {
  auditId: string;
  /** RFC 3339: when the request came in. */
  at: string;
  user: string;
  verb: string;
  /** `shop/go-api`, with `/scale` or the like when a subresource was written. */
  object: string;
  code: number;
  /** Annotations of the Deployment after the write. */
  annotations: Record<string, string>;
  /** Image of the first container after the write. */
  image: string | null;
}

export interface AuditQuestion {
  namespace: string;
  deployment: string;
  /** Default: the user of Tminus. */
  user?: string;
  /** Only writes from this time on. */
  since?: Date;
}

/** Successful writes to a Deployment, in the order of the log. Empty when there is no log yet. */
export async function auditWrites(question: AuditQuestion, auditLog = paths().auditLog): Promise<AuditedWrite[]> {
  if (!existsSync(auditLog)) return [];
  const lines = createInterface({ input: createReadStream(auditLog) });
  const writes: AuditedWrite[] = [];
  for await (const line of lines) {
    const write = parseAuditLine(line);
    if (write && isAskedFor(write, question)) writes.push(write);
  }
  return writes;
}

interface AuditLine {
  auditID: string;
  stage: string;
  verb: string;
  requestReceivedTimestamp: string;
  requestURI?: string;
  user?: { username?: string };
  objectRef?: { resource?: string; namespace?: string; name?: string; subresource?: string };
  responseStatus?: { code?: number };
  responseObject?: {
    metadata?: { annotations?: Record<string, string> };
    spec?: { template?: { spec?: { containers?: { image?: string }[] } } };
  };
}

const WRITING = new Set(['create', 'update', 'patch', 'delete']);

/** The write that a line records; undefined for reads, rejected requests, dry runs, other stages and other resources. */
export function parseAuditLine(line: string): AuditedWrite | undefined {
  if (line.trim() === '') return undefined;
  const event = JSON.parse(line) as AuditLine;
  const code = event.responseStatus?.code ?? 0;
  const { objectRef } = event;
  if (event.stage !== 'ResponseComplete' || !WRITING.has(event.verb) || code < 200 || code > 299) return undefined;
  if (objectRef?.resource !== 'deployments' || /[?&]dryRun=/.test(event.requestURI ?? '')) return undefined;
  return {
    auditId: event.auditID,
    at: event.requestReceivedTimestamp,
    user: event.user?.username ?? '',
    verb: event.verb,
    object: [objectRef.namespace, objectRef.name, objectRef.subresource].filter(Boolean).join('/'),
    code,
    annotations: event.responseObject?.metadata?.annotations ?? {},
    image: event.responseObject?.spec?.template?.spec?.containers?.[0]?.image ?? null,
  };
}

function isAskedFor(write: AuditedWrite, { namespace, deployment, user = 'tminus', since }: AuditQuestion): boolean {
  const object = `${namespace}/${deployment}`;
  if (write.object !== object && !write.object.startsWith(`${object}/`)) return false;
  return write.user === user && (since === undefined || new Date(write.at) >= since);
}
