// Hints at a cause, as each analysis gives them. Judged by nobody: ranking them is what `rank.ts` does.

/** What a hint points at. One name per thing that can go wrong under load. */
export type SignalCode =
  | 'waits-for-redis'
  | 'waits-for-pool'
  | 'waits-for-database'
  | 'waits-for-grpc'
  | 'waits-for-dial'
  | 'waits-for-mutex'
  | 'leaks-channel'
  | 'leaks-context'
  | 'leaks-waitgroup'
  | 'leaks-mutex'
  | 'lock-contended'
  | 'cpu-busy'
  | 'cpu-in-json'
  | 'cpu-in-code'
  | 'gc-busy'
  | 'gc-assists'
  | 'pool-saturated'
  | 'statement-slow'
  | 'index-missing'
  | 'database-locked'
  | 'span-slow-redis'
  | 'span-slow-database'
  | 'span-slow-grpc'
  | 'span-slow-own-code'
  | 'span-slow-pool'
  | 'span-slow-dial'
  | 'errors-dial';

export interface Signal {
  code: SignalCode;
  /** Where: a function with file and line, a statement, an operation, an endpoint. */
  subject: string;
  /** 0 to 1: how much of the trouble this would account for, by its own measure. */
  strength: number;
  /** One clause for people, with its figures: `37 of 41 requests wait in redis.(*Pipeline).Exec`. */
  text: string;
  /** Digests it was read from. */
  evidence: string[];
}
