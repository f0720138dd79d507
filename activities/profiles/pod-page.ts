// One page of a pod, read by its IP, whole or not at all.

export interface PageRequest {
  url: string;
  /** Whole time until the last byte. */
  timeoutMs: number;
  /** A page that has more is refused; memory holds one page. */
  limitBytes: number;
  /** Media type, where the other side can answer in more than one. */
  accept?: string;
  signal?: AbortSignal;
}

/** The pod did not give the page; the message says why in words that stand after "because". */
export class PageUnread extends Error {
  override readonly name = 'PageUnread';
}

/** Answers the body of a 200. Throws PageUnread with the reason for everything else; cancellation of `signal` passes through as its reason. */
export async function readPage({ url, timeoutMs, limitBytes, accept, signal }: PageRequest): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      redirect: 'error',
      ...(accept === undefined ? {} : { headers: { accept } }),
    });
    const body = await readBody(response, limitBytes);
    if (response.status === 200) return body;
    const said = new TextDecoder().decode(body.subarray(0, 300)).split('\n')[0]?.trim() ?? '';
    throw new PageUnread(`it answered ${response.status}${said ? `: ${said}` : ''}`);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof PageUnread) throw cause;
    if (timeout.aborted) throw new PageUnread(`it did not answer within ${timeoutMs / 1_000} s`, { cause });
    throw new PageUnread(reason(cause), { cause });
  }
}

async function readBody(response: Response, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the body and with it the connection.
    if (sizeBytes > limitBytes) throw new PageUnread(`its answer has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch hides the reason (`ECONNREFUSED 10.1.2.3:6060`) in the cause. */
function reason(cause: unknown): string {
  const inner = (cause as { cause?: unknown }).cause ?? cause;
  return (inner as { message?: string }).message || String(inner);
}
