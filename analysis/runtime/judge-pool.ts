// Whether requests felt that a pgx pool was too small.
import { builders, type Finding, type FindingCode } from '../../verdict/finding.ts';
import { CONFIDENCE, wilson } from '../statistics/index.ts';
import { relative } from '../statistics/rounding.ts';
import { poolUse, type PoolUse } from './pool.ts';
import type { RuntimeSample } from './sample.ts';

const EMPTY_PERCENT = 1;
/**
 * Acquires given up are failed requests: surely more than one in a thousand, the strictest error limit in use, count. A single one may be a client
 * that left.
 */
const GIVEN_UP_SHARE = 0.001;

/**
 * One finding per pool, over all pods; none where no pod exports one. Fails where acquires wait so often and so long that the slowest 1 % of
 * the requests feel it, or are given up. A pool in full use that nobody waits for is used well: it passes, and the sentence says so.
 */
export function judgePool(samples: readonly RuntimeSample[], p99LimitMs: number): Finding[] {
  return poolUse(samples, p99LimitMs).map(judgeUse);
}

function judgeUse(use: PoolUse): Finding {
  const { acquires, emptyShare, emptyWaitMs, cancelled, strained, waits } = use;
  const givenUp =
    strained &&
    cancelled !== null &&
    acquires !== null &&
    cancelled > 0 &&
    wilson(cancelled, acquires + cancelled, CONFIDENCE).lower > GIVEN_UP_SHARE;
  const say = (code: FindingCode, outcome: Finding['outcome'], message: string): Finding =>
    builders[outcome](code, named('connection pool', use), message, {
      measured: emptyShare === null ? null : relative(100 * emptyShare),
      limit: EMPTY_PERCENT,
      unit: '%',
    });
  const clauses = clausesOf(use).join(', ');
  const pool = named('the pool', use);
  if (waits === true || givenUp) return say('PoolSaturated', 'fail', `${pool} is too small for this load: ${clauses}`);
  if (waits === null) {
    const missing = [
      ...(emptyShare === null ? ['how many acquires found no idle connection'] : []),
      ...(emptyWaitMs === null ? ['how long these waited'] : []),
    ].join(' and ');
    return say('PoolUnknown', 'inconclusive', `whether requests wait for ${pool} is not known: its metrics do not tell ${missing}`);
  }
  return say('PoolWithinLimit', 'pass', `requests did not wait for ${pool} to speak of: ${clauses}`);
}

const named = (what: string, { name }: PoolUse): string => (name === undefined ? what : `${what} ${name}`);

/** What is told of a pool: `90 % of 1000 acquires found no idle connection and waited 400 ms each`. One of several is named first. */
export function poolClauses(use: PoolUse): string[] {
  const [first, ...others] = clausesOf(use);
  return first === undefined ? [] : [use.name === undefined ? first : `${named('pool', use)}: ${first}`, ...others];
}

function clausesOf({ acquires, emptyShare, emptyWaitMs, cancelled, lastingUse }: PoolUse): string[] {
  const waited = emptyWaitMs === null || emptyShare === 0 ? '' : ` and waited ${Number(emptyWaitMs.toPrecision(3))} ms each`;
  return [
    ...(acquires === null || emptyShare === null
      ? []
      : [`${percent(emptyShare)} of ${acquires} acquires found no idle connection${waited}`]),
    ...(cancelled ? [`${cancelled} acquires were given up`] : []),
    ...(lastingUse === null ? [] : [`up to ${percent(lastingUse)} of the connections were in use for three looks`]),
  ];
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
