// Codes of the diagnosis: why a load test went as it did.
import type { CodeRow } from './row.ts';

export const diagnosisCodes = {
  NothingToExplain: {
    en: 'every finding of the load tests is a pass, and nothing leaks',
    zh: '压测全部通过，也没有泄漏',
    whatToDo: 'Nothing.',
  },
  LoadNotPassed: {
    en: 'a load test broke no limit that has a cause to be sought, and did not pass either',
    zh: '压测未超限，但也未通过',
    whatToDo: 'The message names the findings: each says what to do. Then retry the load test.',
  },
  CauseUnknown: {
    en: 'a limit was broken, and no one cause stands out',
    zh: '超限，但没有明显的单一原因',
    whatToDo: 'Read the profiles and traces yourself; the facts say what could not be known, and what to switch on for it.',
  },
  CauseRedisWait: {
    en: 'requests wait for Redis',
    zh: '请求在等待 Redis',
    whatToDo: 'Look at the commands of the site named: a blocking or a large one, a pipeline behind it, or too few connections.',
  },
  CauseMissingIndex: {
    en: 'a statement scans a table because an index is missing',
    zh: '缺少索引导致全表扫描',
    whatToDo: 'Create the index named, concurrently, after looking at what it costs writes; then recycle to the load test.',
  },
  IndexProposed: {
    en: 'a plan scans a table for few of its rows, and an index may be missing; nothing has proven it yet',
    zh: '执行计划为少量行扫描整表，可能缺少索引，尚未证实',
    whatToDo: 'Try the index named on a copy of the table; the step `diagnosis` does so where it names `postgres`.',
  },
  CauseSlowStatement: {
    en: 'one statement takes most of the database’s time',
    zh: '单条语句占用了数据库的大部分时间',
    whatToDo: 'Read its plan in the evidence: where its own time goes, and where the planner was wrong.',
  },
  CauseRowLock: {
    en: 'transactions wait for each other’s locks in the database',
    zh: '数据库中事务互相等待行锁',
    whatToDo: 'Take rows in one order everywhere, keep transactions short, or spread the row that everybody updates.',
  },
  CauseSlowDatabase: {
    en: 'requests wait for the database, and no statement or lock stands out',
    zh: '请求在等待数据库',
    whatToDo: 'Look at the database’s CPU, disk and network of that time; name `postgres` for the load test to see statements and locks.',
  },
  CausePoolExhausted: {
    en: 'requests wait for a connection of the pool, and no slow statement or lock was seen that would explain it',
    zh: '连接池耗尽，且未见慢语句或锁',
    whatToDo:
      'Give connections back before doing anything else; only then think of a larger pool. ' +
      'Where the message does not say that statements are quick, name `postgres` for the load test to see them.',
  },
  CauseLockContention: {
    en: 'requests queue for a lock of the process',
    zh: '请求在争用进程内的锁',
    whatToDo: 'Hold the lock for less: no calls under it; or split it.',
  },
  CauseGarbageCollection: {
    en: 'collecting garbage takes the CPU that requests need',
    zh: '垃圾回收占用了请求所需的 CPU',
    whatToDo: 'Allocate less under the package named, or give the heap room with GOMEMLIMIT and GOGC.',
  },
  CauseCpuBound: {
    en: 'requests wait for a processor',
    zh: 'CPU 不足，请求在等待处理器',
    whatToDo: 'Do less of what the flame graph shows widest, or give the pods more CPU.',
  },
  CauseSlowDependency: {
    en: 'requests wait for another service',
    zh: '请求在等待下游服务',
    whatToDo: 'Look at the service at the other end of the call named; bound the call with a deadline of its own.',
  },
  CauseDialTimeout: {
    en: 'requests wait for connections that are not made',
    zh: '请求在等待无法建立的连接',
    whatToDo: 'Look at address, name service and firewall of the partner; keep connections open, and give up on them sooner.',
  },
  CauseLeakChannel: {
    en: 'goroutines wait for ever at a channel',
    zh: 'goroutine 永远阻塞在 channel 上',
    whatToDo: 'Give the channel room for one, close it on every way out, or select on a context beside it.',
  },
  CauseLeakContext: {
    en: 'goroutines wait for ever for a context that nobody cancels, or in a select of which nothing will be ready',
    zh: 'goroutine 永远等待未取消的 context，或阻塞在永远不会就绪的 select 上',
    whatToDo: 'Call the cancel function on every way out: `defer cancel()` right after it is made.',
  },
  CauseLeakWaitGroup: {
    en: 'goroutines wait for ever for a WaitGroup',
    zh: 'goroutine 永远等待 WaitGroup',
    whatToDo: 'Write `defer wg.Done()` first in every goroutine, or use `wg.Go`.',
  },
  CauseLeakMutex: {
    en: 'goroutines wait for ever for a lock',
    zh: 'goroutine 永远等待锁',
    whatToDo: 'Write `defer mu.Unlock()` right after Lock.',
  },
  CauseLeakNeverReady: {
    en: 'goroutines wait at a nil channel or in a select without cases, which are never ready',
    zh: 'goroutine 阻塞在 nil channel 或空 select 上，永远不会就绪',
    whatToDo: 'Make the channel before it is used; let the goroutine end instead of `select {}`.',
  },
  CauseLeak: {
    en: 'goroutines wait for ever',
    zh: 'goroutine 永远阻塞',
    whatToDo: 'Look at the site named: what should wake it, and on which way out that is forgotten.',
  },
  LeakSuspected: {
    en: 'goroutines grew between two profiles and are no requests',
    zh: 'goroutine 数量增长，疑似泄漏',
    whatToDo: 'Build with the goroutineleak profile (Go 1.27, or 1.26 with its experiment) to know; or load longer and compare.',
  },
  LeakUnknown: {
    en: 'whether goroutines leak could not be seen',
    zh: '无法判断是否有 goroutine 泄漏',
    whatToDo:
      'Let the load worker reach the pprof port of the pods, with `profiles: always` for every load test, then retry the load test.',
  },
  EvidenceUnreadable: {
    en: 'a piece of evidence could not be read',
    zh: '证据无法读取',
    whatToDo: 'The message says where and why; run the load test again.',
  },
} as const satisfies Record<string, CodeRow>;
