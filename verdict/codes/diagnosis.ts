// Codes of the step `diagnosis`: the cause of a load test's result.

export const diagnosisCodes = {
  NothingToExplain: {
    en: 'all findings of the load tests passed, and no goroutines leak',
    zh: '压测全部通过，也没有泄漏',
    hint: 'No action needed.',
  },
  LoadNotPassed: {
    en: 'the load test neither passed nor exceeded a diagnosable limit',
    zh: '压测既未通过，也未超过可诊断的上限',
    hint: 'Follow the hint of each finding that the message names, then retry the load test.',
  },
  CauseUnknown: {
    en: 'a limit was exceeded, and no single cause stands out',
    zh: '超限，但没有明显的单一原因',
    hint: 'Read the profiles and traces. The facts list the missing evidence and how to enable it.',
  },
  CauseRedisWait: {
    en: 'requests wait for Redis',
    zh: '请求在等待 Redis',
    hint: 'Check the commands at the named site: blocking or large commands, pipelines behind them, or too few connections.',
  },
  CauseMissingIndex: {
    en: 'a statement scans a table because an index is missing',
    zh: '缺少索引导致全表扫描',
    hint: 'Estimate the write cost of the named index, create it concurrently, then recycle to the load test.',
  },
  IndexProposed: {
    en: 'a plan scans a table for few of its rows; a missing index is likely but not proven',
    zh: '执行计划为少量行扫描整表，可能缺少索引，尚未证实',
    hint: 'Try the named index on a copy of the table. The step `diagnosis` does this if it names `postgres`.',
  },
  CauseSlowStatement: {
    en: 'one statement takes most of the database time',
    zh: '单条语句占用了数据库的大部分时间',
    hint: 'Read its plan in the evidence: which node is slow, and where the row estimates are wrong.',
  },
  CauseRowLock: {
    en: 'transactions wait for row locks in the database',
    zh: '数据库中事务互相等待行锁',
    hint: 'Lock rows in the same order everywhere, keep transactions short, or split the row that all of them update.',
  },
  CauseSlowDatabase: {
    en: 'requests wait for the database, and no statement or lock stands out',
    zh: '请求在等待数据库',
    hint: 'Check CPU, disk and network of the database at that time. Name `postgres` in the load test to record statements and locks.',
  },
  CausePoolExhausted: {
    en: 'requests wait for a pool connection, and no slow statement or lock explains it',
    zh: '连接池耗尽，且未见慢语句或锁',
    hint:
      'Release connections before doing other work; only then consider a larger pool. If the message does not report fast ' +
      'statements, name `postgres` in the load test to record them.',
  },
  CauseLockContention: {
    en: 'requests contend for a lock in the process',
    zh: '请求在争用进程内的锁',
    hint: 'Hold the lock for less time: make no calls while holding it, or split it.',
  },
  CauseGarbageCollection: {
    en: 'GC takes the CPU that requests need',
    zh: '垃圾回收占用了请求所需的 CPU',
    hint: 'Allocate less in the named package, or give the heap more room with GOMEMLIMIT and GOGC.',
  },
  CauseCpuBound: {
    en: 'requests are CPU-bound',
    zh: 'CPU 不足，请求受限于 CPU',
    hint: 'Optimize the widest frames of the flame graph, or give the pods more CPU.',
  },
  CauseSlowDependency: {
    en: 'requests wait for another service',
    zh: '请求在等待下游服务',
    hint: 'Check the called service. Set a deadline on the named call.',
  },
  CauseDialTimeout: {
    en: 'requests wait for connections that cannot be established',
    zh: '请求在等待无法建立的连接',
    hint: 'Check the address, DNS and firewall of the dependency. Keep connections open, and use a shorter dial timeout.',
  },
  CauseLeakChannel: {
    en: 'goroutines are blocked forever on a channel',
    zh: 'goroutine 永远阻塞在 channel 上',
    hint: 'Give the channel a buffer of one, close it on every return path, or select on a context as well.',
  },
  CauseLeakContext: {
    en: 'goroutines are blocked forever on a context that is never cancelled, or in a select without a ready case',
    zh: 'goroutine 永远等待未取消的 context，或阻塞在永远不会就绪的 select 上',
    hint: 'Call the cancel function on every return path: `defer cancel()` right after it is created.',
  },
  CauseLeakWaitGroup: {
    en: 'goroutines are blocked forever on a WaitGroup',
    zh: 'goroutine 永远等待 WaitGroup',
    hint: 'Call `defer wg.Done()` first in every goroutine, or use `wg.Go`.',
  },
  CauseLeakMutex: {
    en: 'goroutines are blocked forever on a lock',
    zh: 'goroutine 永远等待锁',
    hint: 'Call `defer mu.Unlock()` right after Lock.',
  },
  CauseLeakNeverReady: {
    en: 'goroutines are blocked on a nil channel or in a select without cases, which are never ready',
    zh: 'goroutine 阻塞在 nil channel 或空 select 上，永远不会就绪',
    hint: 'Create the channel before using it; return from the goroutine instead of using `select {}`.',
  },
  CauseLeak: {
    en: 'goroutines are blocked forever',
    zh: 'goroutine 永远阻塞',
    hint: 'Check the named site: what unblocks it, and on which return path that is missing.',
  },
  LeakSuspected: {
    en: 'the goroutine count grew beyond what in-flight requests explain',
    zh: 'goroutine 的增长超出在途请求所能解释的范围，疑似泄漏',
    hint: 'Build with the goroutineleak profile (Go 1.27, or 1.26 with its experiment) to confirm, or run a longer load test and compare.',
  },
  LeakUnknown: {
    en: 'could not check for goroutine leaks',
    zh: '无法判断是否有 goroutine 泄漏',
    hint:
      'Make sure that the load worker can reach the pprof port of the pods, set `profiles: always` for every ' +
      'load test, then retry the load test.',
  },
  EvidenceUnreadable: {
    en: 'a piece of evidence could not be read',
    zh: '证据无法读取',
    hint: 'Run the load test again. The message names the piece and the reason.',
  },
} as const;
