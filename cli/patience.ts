import { isPassing } from './failure.ts';

/** A server or worker is back within seconds after a restart; asking more often helps nobody. */
const ASK_AGAIN_MS = 2_000;

export interface Patience {
  /** The first question fails at once: then it is likely the address that is wrong. */
  first: boolean;
  /** Milliseconds since 1970 after which the failure is given on. */
  untilMs?: number;
  tell: (line: string) => void;
}

/** Asks until there is an answer, over restarts of server and worker: whoever watches a countdown for days sees some. */
export async function patiently<T>(ask: () => Promise<T>, { first, untilMs = Infinity, tell }: Patience): Promise<T> {
  for (let told = false; ;) {
    try {
      return await ask();
    } catch (error) {
      if (first || !isPassing(error) || Date.now() >= untilMs) throw error;
      if (!told) tell(`${error.message}; trying again`);
      told = true;
      await new Promise((again) => setTimeout(again, Math.max(0, Math.min(ASK_AGAIN_MS, untilMs - Date.now()))));
    }
  }
}
