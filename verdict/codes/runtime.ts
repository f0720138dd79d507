// Codes of the Go runtime under load. A signal without data holds the checkpoint until the service exports it, or until it is waived.

/** client_golang does not export these by default. */
const SWITCH_ON =
  'Register `collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsGC, ' +
  'collectors.MetricsScheduler, collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/cpu/classes/")}))` in the service';

export const runtimeCodes = {
  GoroutinesHigh: {
    en: 'the number of long-lived goroutines is above the limit',
    zh: '长期存活的 goroutine 过多',
    hint: 'Compare the two goroutine profiles: the site that grew is the leak.',
  },
  GoroutinesWithinLimit: {
    en: 'the number of long-lived goroutines is within the limit for every pod',
    zh: 'goroutine 数量在上限之内',
    hint: 'No action needed.',
  },
  RuntimeUnknown: {
    en: 'the Go runtime of a pod was not sampled during the load test',
    zh: '压测期间未采样某个 Pod 的 Go 运行时',
    hint:
      'Check that the load worker can reach the metrics port of the pod, and that /metrics exports go_goroutines once. A pod that is ' +
      'too busy to respond needs more CPU.',
  },
  GcCpuHigh: {
    en: 'GC uses more than a quarter of the CPU',
    zh: '垃圾回收占用 CPU 超过四分之一',
    hint: 'Allocate less at the sites that the CPU profile shows. Then raise GOGC with GOMEMLIMIT set, if memory allows.',
  },
  GcCpuWithinLimit: {
    en: 'GC uses less than a quarter of the CPU',
    zh: '垃圾回收占用的 CPU 在上限之内',
    hint: 'No action needed.',
  },
  GcCpuUnknown: {
    en: 'GC CPU usage is not exported',
    zh: '未导出 GC 的 CPU 占用',
    hint: `${SWITCH_ON}, or waive the finding.`,
  },
  GcPausesLong: {
    en: 'GC pauses are long, and frequent enough to affect requests',
    zh: 'GC 停顿过长，且足以影响请求',
    hint: 'Give the pods whole CPUs (CPU limits stretch pauses), and allocate less.',
  },
  GcPausesWithinLimit: {
    en: 'GC pauses are too short or too rare to affect p99 latency',
    zh: 'GC 停顿不足以影响最慢的 1% 请求',
    hint: 'No action needed.',
  },
  GcPausesUnknown: {
    en: 'GC pauses were not sampled completely',
    zh: 'GC 停顿采样不完整',
    hint:
      'Make sure that the load worker can reach the pprof port of the pods. If pauses were lost between two samples, sample more ' +
      'often: `sampleEvery: 1s`.',
  },
  SchedulerWaitsLong: {
    en: 'scheduler latency is above the limit: runnable goroutines wait for a CPU',
    zh: '调度延迟超过上限：就绪的 goroutine 在等待 CPU',
    hint: 'Give the pods more CPU, or run more pods. The CPU profile shows what uses it.',
  },
  SchedulerWaitsWithinLimit: {
    en: 'scheduler latency is within the limit',
    zh: '调度延迟在上限之内',
    hint: 'No action needed.',
  },
  SchedulerWaitsUnknown: {
    en: 'scheduler latency is not exported',
    zh: '未导出调度延迟',
    hint: `${SWITCH_ON}, or waive the finding.`,
  },
  MemoryGrows: {
    en: 'memory doubled during the load test and was still growing at its end',
    zh: '压测期间内存翻倍且仍在增长',
    hint: 'Run a longer load test: caches fill and stop growing, leaks do not. Compare the heap profiles of two runs.',
  },
  MemorySteady: {
    en: 'memory did not grow without bound during the load test',
    zh: '压测期间内存稳定',
    hint: 'No action needed.',
  },
  MemoryUnknown: {
    en: 'memory usage of the Go runtime is not exported',
    zh: '未导出 Go 运行时的内存用量',
    hint: 'Register `collectors.NewGoCollector()` in the service: it exports go_memstats_*.',
  },
  PoolSaturated: {
    en: 'requests wait for a connection from the connection pool',
    zh: '请求在等待连接池中的连接',
    hint:
      'Hold connections for less time: make no other calls while holding one. Only then raise pool_max_conns, within the connection ' +
      'limit of the database.',
  },
  PoolWithinLimit: {
    en: 'connection pool wait time is negligible',
    zh: '连接池等待时间可忽略',
    hint: 'No action needed.',
  },
  PoolUnknown: {
    en: 'connection pool wait time is not exported',
    zh: '未导出连接池等待时间',
    hint:
      'Export EmptyAcquireCount and EmptyAcquireWaitTime of pgxpool, as `pgxpool_empty_acquire_total` and ' +
      '`pgxpool_empty_acquire_wait_seconds_total`.',
  },
} as const;
