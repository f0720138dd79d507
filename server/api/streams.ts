// Responses of the API that are not one JSON document: evidence bytes and server-sent events.
import { streamSSE } from 'hono/streaming';
import { EvidenceDamaged, EvidenceMissing } from '../../activities/evidence/errors.ts';
import { EMPTY_CHAIN, type AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { AppContext } from '../request/context.ts';
import { ApiError } from '../request/refusal.ts';
import type { Dependencies } from '../request/dependencies.ts';

// Proxies close an idle connection after 60 s or less.
const KEEP_ALIVE_MS = 15_000;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The bytes of one piece of evidence, saved as a file. */
export async function sendEvidence(dependencies: Dependencies, c: AppContext, digest: string): Promise<Response> {
  if (!DIGEST.test(digest))
    throw new ApiError('InvalidRequest', 'the digest is not sha256: followed by 64 hex digits', 'copy it from the finding');
  await assertWhole(dependencies, digest);
  // Captured bytes are untrusted: the browser saves them and never renders them.
  c.header('Content-Type', 'application/octet-stream');
  c.header('Content-Disposition', `attachment; filename="${digest.replace(':', '-')}"`);
  return c.body(ReadableStream.from(dependencies.evidence.get(digest)) as ReadableStream<Uint8Array>);
}

/**
 * Verifies the digest before the first byte is sent; afterwards a broken connection would be the only possible error. Hashing takes about
 * 1 s per 1.5 GB, and the second read comes from the page cache.
 */
async function assertWhole(dependencies: Dependencies, digest: string): Promise<void> {
  try {
    for await (const _ of dependencies.evidence.get(digest));
  } catch (error) {
    if (error instanceof EvidenceMissing)
      throw new ApiError(
        'NotFound',
        `no evidence is stored under ${digest}`,
        'it was deleted, or is in the evidence folder of another worker',
      );
    if (error instanceof EvidenceDamaged)
      throw new ApiError(
        'Damaged',
        `the evidence ${digest} was changed: ${error.reason}`,
        'restore the evidence folder from a backup; findings from this piece are not trustworthy',
      );
    throw error;
  }
}

/** Server-sent events: the status of one release each time it changes. */
export function followStatus(
  dependencies: Dependencies,
  c: AppContext,
  name: string,
  statusBody: (status: CountdownStatus) => unknown,
): Response {
  return streamSSE(c, async (stream) => {
    const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
    const stop = dependencies.live.listen(name, (message) => {
      void ('status' in message
        ? stream.writeSSE({ event: 'status', data: JSON.stringify(statusBody(message.status)) })
        : stream.writeSSE({ event: 'failure', data: JSON.stringify({ message: message.failure }) }));
    });
    const keepAlive = setInterval(() => void stream.write(': here\n\n'), KEEP_ALIVE_MS);
    await closed;
    clearInterval(keepAlive);
    stop();
  });
}

/** Server-sent events: each record of the audit chain, once. */
export function followEvents(dependencies: Dependencies, c: AppContext, name: string): Response {
  return streamSSE(c, async (stream) => {
    let seen = EMPTY_CHAIN.seq;
    let writing = Promise.resolve();
    const closed = new Promise<void>((resolve) => stream.onAbort(resolve));
    const sendNew = async (): Promise<void> => {
      const records: AuditRecord[] = await dependencies.countdowns.audit(name);
      for (const record of records.filter(({ seq }) => seq > seen)) {
        seen = record.seq;
        await stream.writeSSE({ event: 'record', id: String(record.seq), data: JSON.stringify(record) });
      }
    };
    // Every new record changes the audit head in the status, so a changed status triggers the read.
    const stop = dependencies.live.listen(name, () => {
      writing = writing.then(sendNew).catch((error: unknown) => dependencies.onFault(error));
    });
    const keepAlive = setInterval(() => void stream.write(': here\n\n'), KEEP_ALIVE_MS);
    await closed;
    clearInterval(keepAlive);
    stop();
  });
}
