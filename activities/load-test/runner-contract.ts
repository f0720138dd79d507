// Protocol between worker and k6 runner: HTTP over a Unix socket. POST /runs streams k6's points, with k6's end in the trailer; closing the
// connection kills k6. POST /runs/<id>/stop stops it.
import { z } from 'zod';

export const runRequest = z.strictObject({
  /** Chosen by the worker. */
  id: z.uuid(),
  scriptBase64: z.base64(),
  stages: z.array(z.strictObject({ seconds: z.number().nonnegative(), ratePerSecond: z.number().nonnegative() })),
  maxVus: z.int().positive(),
  targetUrl: z.url({ protocol: /^https?$/ }),
  hosts: z.array(z.string()),
});
export type RunRequest = z.output<typeof runRequest>;

export const k6Ended = z.strictObject({ exitCode: z.number().nullable(), signal: z.string().nullable(), lastError: z.string() });

/** JSON of K6Ended in base64: headers are limited to Latin-1. */
export const ENDED_TRAILER = 'k6-ended';
/** Scripts have kilobytes. */
export const MAX_REQUEST_BYTES = 16 * 1024 ** 2;
