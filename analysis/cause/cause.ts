// Causes and their codes.

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

/** Sources of a cause; its finding names their evidence. */
export type Source = 'requests' | 'leaks' | 'cpu' | 'contention' | 'pool' | 'database' | 'statements' | 'indexes' | 'traces';

export interface Cause {
  code: CauseCode;
  /** Share of what slow requests wait for that it explains, 0-1; 0 for a leak. */
  share: number;
  /** A statement, a function, an operation. */
  culprit: string;
  /** Clauses with measured values, the strongest first. */
  reasons: string[];
  sources: Source[];
  /** True where other causes follow from it, even if they explain more: it ranks first. */
  upstream?: boolean;
}
