// Whether a pgx pool was too small for the requests of the load test.
import { builders, type Finding, type FindingCode } from '../../verdict/finding.ts';
import { count, latency, measured, share } from '../../verdict/wording/index.ts';
import { CONFIDENCE, wilson } from '../statistics/index.ts';
import { poolUse, type PoolUse } from './pool.ts';
import type { RuntimeSample } from './sample.ts';

const EMPTY_PERCENT = 1;
/**
 * Cancelled acquires are failed requests: the strictest error limit in use is one in a thousand. A single one may be a client that left.
 */
const CANCELLED_SHARE = 0.001;

/**
 * One finding per pool, over all pods; none where no pod exports one. Fails where acquires wait so often and so long that the slowest 1 %
 * of the requests are affected, or are cancelled. A pool in full use without waiting passes, and the message reports its use.
 */
export function judgePool(samples: readonly RuntimeSample[], p99LimitMs: number): Finding[] {
  return poolUse(samples, p99LimitMs).map(judgeUse);
}

function judgeUse(use: PoolUse): Finding {
  const { acquires, emptyShare, emptyWaitMs, cancelled, strained, waits } = use;
  const areCancelled =
    strained &&
    cancelled !== null &&
    acquires !== null &&
    cancelled > 0 &&
    wilson(cancelled, acquires + cancelled, CONFIDENCE).lower > CANCELLED_SHARE;
  const finding = (code: FindingCode, outcome: Finding['outcome'], message: string): Finding =>
    builders[outcome](code, named('connection pool', use), message, {
      measured: emptyShare === null ? null : measured(100 * emptyShare),
      limit: EMPTY_PERCENT,
      unit: '%',
    });
  const clauses = clausesOf(use).join(', ');
  const pool = named('connection pool', use);
  if (waits === true || areCancelled) return finding('PoolSaturated', 'fail', `${pool} is too small for this load: ${clauses}`);
  if (waits === null) {
    const missing = [
      ...(emptyShare === null ? ['the number of acquires without an idle connection'] : []),
      ...(emptyWaitMs === null ? ['the wait time of these acquires'] : []),
    ].join(' and ');
    return finding('PoolUnknown', 'inconclusive', `${pool} does not export ${missing}, so its wait time is unknown`);
  }
  return finding('PoolWithinLimit', 'pass', `${pool} waits are negligible: ${clauses}`);
}

const named = (what: string, { name }: PoolUse): string => (name === undefined ? what : `${what} ${name}`);

/** Measured values: `90 % of 1000 acquires found no idle connection and waited 400 ms each`. One of several pools is named first. */
export function poolClauses(use: PoolUse): string[] {
  const [first, ...others] = clausesOf(use);
  return first === undefined ? [] : [use.name === undefined ? first : `${named('pool', use)}: ${first}`, ...others];
}

function clausesOf({ acquires, emptyShare, emptyWaitMs, cancelled, lastingUse }: PoolUse): string[] {
  const waited = emptyWaitMs === null || emptyShare === 0 ? '' : ` and waited ${latency(emptyWaitMs)} each`;
  return [
    ...(acquires === null || emptyShare === null
      ? []
      : [`${share(emptyShare)} of ${count(acquires)} acquires found no idle connection${waited}`]),
    ...(cancelled ? [`${cancelled} acquires were cancelled`] : []),
    ...(lastingUse === null ? [] : [`up to ${share(lastingUse)} of the connections were in use for three samples`]),
  ];
}
