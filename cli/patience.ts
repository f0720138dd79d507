import { isTransient } from './failure.ts';

/** A server or worker restarts within seconds. */
const RETRY_EVERY_MS = 2_000;

export interface Patience {
  /** The first request fails without a retry: probably the address is wrong. */
  first: boolean;
  /** Milliseconds since 1970; after it the failure is thrown. */
  untilMs?: number;
  report: (line: string) => void;
}

/** Retries while server or worker are being restarted, which happens during a countdown of days. */
export async function patiently<T>(ask: () => Promise<T>, { first, untilMs = Infinity, report }: Patience): Promise<T> {
  for (let isReported = false; ;) {
    try {
      return await ask();
    } catch (error) {
      if (first || !isTransient(error) || Date.now() >= untilMs) throw error;
      if (!isReported) report(`${error.message}; retrying`);
      isReported = true;
      await new Promise((again) => setTimeout(again, Math.max(0, Math.min(RETRY_EVERY_MS, untilMs - Date.now()))));
    }
  }
}
