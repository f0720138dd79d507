// Codes of the Go runtime under load. A signal that is not read holds: a line in the service settles it, or a waiver.
import type { CodeRow } from './row.ts';

/** client_golang leaves these out by default. */
const SWITCH_ON =
  'Register `collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsGC, ' +
  'collectors.MetricsScheduler, collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/cpu/classes/")}))` in the service';

export const runtimeCodes = {
  GoroutinesHigh: {
    en: 'more goroutines stay alive than the limit allows',
    zh: '长期存活的 goroutine 过多',
    whatToDo: 'Compare the two goroutine profiles: the site that grew is the leak.',
  },
  GoroutinesWithinLimit: {
    en: 'the goroutines of no pod stayed above the limit',
    zh: 'goroutine 数量在上限之内',
    whatToDo: 'Nothing.',
  },
  RuntimeUnknown: {
    en: 'the Go runtime of a pod was not watched while the load ran',
    zh: '压测期间未能观察某个 Pod 的 Go 运行时',
    whatToDo:
      'Check that the load worker reaches the metrics port of the pod, and that /metrics has go_goroutines once. A pod too busy to answer needs more CPU.',
  },
  GcCpuHigh: {
    en: 'collecting garbage takes more than a quarter of the CPU',
    zh: '垃圾回收占用 CPU 超过四分之一',
    whatToDo: 'Allocate less where the CPU profile says; then raise GOGC with GOMEMLIMIT set, if there is memory.',
  },
  GcCpuWithinLimit: {
    en: 'collecting garbage takes less than a quarter of the CPU',
    zh: '垃圾回收占用的 CPU 在上限之内',
    whatToDo: 'Nothing.',
  },
  GcCpuUnknown: {
    en: 'how much CPU collecting garbage takes is not told',
    zh: '无法得知垃圾回收占用的 CPU',
    whatToDo: `${SWITCH_ON}, or waive it.`,
  },
  GcPausesLong: {
    en: 'pauses of the collector are long, and stop the world often enough for requests to feel it',
    zh: 'GC 停顿过长，且足以影响请求',
    whatToDo: 'Give the pods whole processors (CPU limits stretch pauses), and allocate less.',
  },
  GcPausesWithinLimit: {
    en: 'pauses of the collector are too short or too rare to reach the slowest 1 % of requests',
    zh: 'GC 停顿不足以影响最慢的 1% 请求',
    whatToDo: 'Nothing.',
  },
  GcPausesUnknown: {
    en: 'the pauses of the collector are not all known',
    zh: '未能获知全部 GC 停顿',
    whatToDo:
      'Let the load worker reach the pprof port of the pods. Where pauses were lost between two looks, look more often: `sampleEvery: 1s`.',
  },
  SchedulerWaitsLong: {
    en: 'goroutines that are ready wait for a processor',
    zh: '就绪的 goroutine 长时间等待处理器',
    whatToDo: 'Give the pods more CPU, or run more of them; see what the CPU profile shows.',
  },
  SchedulerWaitsWithinLimit: {
    en: 'goroutines that are ready run at once, or nearly so',
    zh: '就绪的 goroutine 能及时得到处理器',
    whatToDo: 'Nothing.',
  },
  SchedulerWaitsUnknown: {
    en: 'how long goroutines wait for a processor is not told',
    zh: '无法得知 goroutine 等待处理器的时间',
    whatToDo: `${SWITCH_ON}, or waive it.`,
  },
  MemoryGrows: {
    en: 'memory doubled during the load and still grew at its end',
    zh: '压测期间内存翻倍且仍在增长',
    whatToDo: 'Run the load longer: caches fill and stop, leaks go on. Compare the heap profiles of two runs.',
  },
  MemorySteady: {
    en: 'memory did not grow without end during the load',
    zh: '压测期间内存稳定',
    whatToDo: 'Nothing.',
  },
  MemoryUnknown: {
    en: 'the memory of the Go runtime is not told',
    zh: '无法得知 Go 运行时的内存',
    whatToDo: 'Register `collectors.NewGoCollector()` in the service: it tells go_memstats_*.',
  },
  PoolSaturated: {
    en: 'requests wait for a connection of the pool',
    zh: '请求在等待连接池中的连接',
    whatToDo:
      'Hold connections for less: no other calls while one is taken. Only then raise pool_max_conns, with the database’s own limit in mind.',
  },
  PoolWithinLimit: {
    en: 'requests get a connection of the pool without waiting to speak of',
    zh: '请求无需等待连接池',
    whatToDo: 'Nothing.',
  },
  PoolUnknown: {
    en: 'the metrics of the pool do not tell whether requests wait for it',
    zh: '无法得知请求是否在等待连接池',
    whatToDo:
      'Export EmptyAcquireCount and EmptyAcquireWaitTime of pgxpool, as `pgxpool_empty_acquire_total` and `pgxpool_empty_acquire_wait_seconds_total`.',
  },
} as const satisfies Record<string, CodeRow>;
