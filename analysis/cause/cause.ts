// What a cause is, and the codes causes go by.
import type { Leak } from '../goroutine/leaks.ts';

export type CauseCode =
  | 'CauseRedisWait'
  | 'CauseMissingIndex'
  | 'CauseSlowStatement'
  | 'CauseRowLock'
  | 'CauseSlowDatabase'
  | 'CausePoolExhausted'
  | 'CauseLockContention'
  | 'CauseGarbageCollection'
  | 'CauseCpuBound'
  | 'CauseSlowDependency'
  | 'CauseDialTimeout'
  | 'CauseLeakChannel'
  | 'CauseLeakContext'
  | 'CauseLeakWaitGroup'
  | 'CauseLeakMutex'
  | 'CauseLeakNeverReady'
  | 'CauseLeak';

/** What a cause was read from; the findings name the evidence of these. */
export type Source = 'requests' | 'leaks' | 'cpu' | 'contention' | 'pool' | 'database' | 'statements' | 'indexes' | 'traces';

export interface Cause {
  code: CauseCode;
  /** Of what slow requests wait for, 0-1: how much this would account for. A leak accounts for none of it, and is 0. */
  share: number;
  /** What is at fault: a statement, a function, an operation. */
  culprit: string;
  /** Clauses with figures, the strongest first. */
  because: string[];
  sources: Source[];
  /** Others follow from it even where they account for more: it stands first. */
  upstream?: boolean;
}

/** The cause that a proven leak is, by its class. */
export const LEAK_CODES: Readonly<Record<Leak['class'], CauseCode>> = {
  channel: 'CauseLeakChannel',
  context: 'CauseLeakContext',
  WaitGroup: 'CauseLeakWaitGroup',
  mutex: 'CauseLeakMutex',
  never: 'CauseLeakNeverReady',
  other: 'CauseLeak',
};
