// Every finding code: what it says in English and Chinese, and what to do. `docs/reference/findings.md` is generated from here.
import { alarmCodes } from './codes/alarm.ts';
import { diagnosisCodes } from './codes/diagnosis.ts';
import type { CodeRow } from './codes/row.ts';
import { runtimeCodes } from './codes/runtime.ts';

export type { CodeRow };

export const codes = {
  PreflightPassed: {
    en: 'a check before the start passed',
    zh: '预检项通过',
    whatToDo: 'Nothing.',
  },
  PreflightFailed: {
    en: 'something that later steps need is not there',
    zh: '预检项未通过',
    whatToDo: 'The message says what to do; then retry the step.',
  },
  PreflightUnknown: {
    en: 'a check before the start could not be made',
    zh: '预检项无法判断',
    whatToDo: 'Mend what the message names, then retry the step.',
  },
  LatencyAboveLimit: {
    en: 'the slowest 1 % of requests are slower than the limit',
    zh: '最慢的 1% 请求超过上限',
    whatToDo:
      'Read the CPU and goroutine profiles of the pods; `tminus explain` lists them. Fix, then recycle to the checkpoint of the load test.',
  },
  LatencyWithinLimit: {
    en: 'even the upper confidence bound of p99 is within the limit',
    zh: 'p99 的置信上界在上限之内',
    whatToDo: 'Nothing.',
  },
  LatencyUndecided: {
    en: 'what was measured does not say whether p99 is within the limit',
    zh: '测量数据不足以判断 p99',
    whatToDo:
      'Read why in the message. Mostly: run longer or at a higher rate, for a p99 needs at least 299 effective requests per endpoint; ' +
      'and send load whatever the answers (an open model), for nothing else can pass.',
  },
  ErrorRateAboveLimit: {
    en: 'more requests fail than the limit allows',
    zh: '错误率超过上限',
    whatToDo: 'Look at the failing status codes and the service log of that time.',
  },
  ErrorRateWithinLimit: {
    en: 'even the upper confidence bound of the error rate is within the limit',
    zh: '错误率的置信上界在上限之内',
    whatToDo: 'Nothing.',
  },
  ErrorRateUndecided: {
    en: 'what was measured does not say whether the error rate is within the limit',
    zh: '测量数据不足以判断错误率',
    whatToDo: 'Read why in the message: run longer or at a higher rate, or with a tool that counts requests without an answer.',
  },
  LoadDelivered: {
    en: 'the load that was asked for was delivered',
    zh: '压测负载已按要求送达',
    whatToDo: 'Nothing.',
  },
  LoadNotDelivered: {
    en: 'less load was delivered than asked for, so the numbers say nothing about the load that was meant',
    zh: '实际负载低于要求',
    whatToDo: 'Give the load generator more virtual users or a machine of its own.',
  },
  IterationsDropped: {
    en: 'the load generator could not start every request in time',
    zh: '压测工具丢弃了迭代',
    whatToDo: 'Raise maxVus, or find out why the service answers so slowly.',
  },
  LoadRunIncomplete: {
    en: 'the load test did not run to its end',
    zh: '压测未完整运行',
    whatToDo: 'Read the message of the load generator, mend it, then retry the step.',
  },
  EndpointMissing: {
    en: 'an endpoint with a limit saw no request',
    zh: '有上限的接口没有收到请求',
    whatToDo: 'Check the name tags in the k6 script against the limits in the release file.',
  },
  ThresholdCrossed: {
    en: 'a threshold of the k6 script itself was crossed',
    zh: 'k6 脚本自身的阈值未通过',
    whatToDo: 'Look at the metric named; if the threshold no longer says what is wanted, change it in the script.',
  },
  CandidateUnderLoad: {
    en: 'the pods under load ran the candidate from beginning to end',
    zh: '压测全程 Pod 均运行候选版本',
    whatToDo: 'Nothing.',
  },
  CandidateNotUnderLoad: {
    en: 'the pods under load did not surely run the candidate, so the numbers may be those of another version',
    zh: '无法确认压测对象就是候选版本',
    whatToDo: 'Deploy the candidate to staging, let nobody else deploy there while the load runs, then retry the step.',
  },
  ...runtimeCodes,
  RolloutComplete: {
    en: 'the rollout completed',
    zh: '滚动更新完成',
    whatToDo: 'Nothing.',
  },
  RolloutFailed: {
    en: 'the new version did not come up',
    zh: '新版本未能启动',
    whatToDo: 'Read the pod-failures evidence: reasons, events and last log lines of the new pods. The rollback has been started.',
  },
  VersionServes: {
    en: 'all pods run the version asked for and answer healthy',
    zh: '所有 Pod 均运行目标版本且健康',
    whatToDo: 'Nothing.',
  },
  VersionNotServing: {
    en: 'the version asked for does not serve',
    zh: '目标版本未提供服务',
    whatToDo: 'Read the health answers and the pods in the evidence. The rollback has been started.',
  },
  LaunchedBytesTested: {
    en: 'the launched bytes are those that were under load',
    zh: '上线的镜像与压测的镜像一致',
    whatToDo: 'Nothing.',
  },
  LaunchedOtherBytes: {
    en: 'the launched bytes are not known to be those that were under load',
    zh: '无法确认上线的镜像就是压测过的镜像',
    whatToDo:
      'Compare the two digests. Waive it when these bytes may stay live; else abort, which rolls back. In the next release name the image by its digest.',
  },
  EvidenceNotKept: {
    en: 'evidence could not be stored',
    zh: '证据无法保存',
    whatToDo: 'Make room in the evidence folder, then retry the step. Its other findings stand, but nobody can verify them.',
  },
  RolledBackInTime: {
    en: 'the old version serves again, in time',
    zh: '已在时限内回滚',
    whatToDo: 'Nothing.',
  },
  RolledBackLate: {
    en: 'the old version serves again, but it took longer than the limit',
    zh: '已回滚但超过时限',
    whatToDo: 'Find out what took long: image pulls, slow starts, or budgets that block eviction.',
  },
  RollbackStartedInTime: {
    en: 'the rollback began in time',
    zh: '回滚及时开始',
    whatToDo: 'Nothing.',
  },
  RollbackStartedLate: {
    en: 'the rollback began later than it should',
    zh: '回滚开始过晚',
    whatToDo: 'Find out what kept the worker: a dead worker is noticed after its heartbeat timeout.',
  },
  RollbackIncomplete: {
    en: 'the rollback is not complete',
    zh: '回滚未完成',
    whatToDo: 'Look at the named target now. `tminus leftovers` lists what stands, and `tminus restore` restores it.',
  },
  RollbackNotNeeded: {
    en: 'nothing was rolled back: somebody else deployed another version',
    zh: '未执行回滚：他人已部署其他版本',
    whatToDo: 'Find out who deployed it: nothing of Tminus watches that version.',
  },
  RollbackWithoutLease: {
    en: 'the rollback was written, and its Lease could not be claimed',
    zh: '回滚已写入，但未能占用其 Lease',
    whatToDo: 'Find out why the Lease cannot be read or written; the next launch needs it.',
  },
  RollbackHealthy: {
    en: 'after the rollback the service is healthy',
    zh: '回滚后服务健康',
    whatToDo: 'Nothing.',
  },
  RollbackUnhealthy: {
    en: 'after the rollback the service is not healthy',
    zh: '回滚后服务不健康',
    whatToDo: 'Look at the service now: the cause is not the new version alone.',
  },
  GuardPassed: {
    en: 'enough requests were seen, both upper bounds and the last 9 windows are within the limits, and the pods serve',
    zh: '守护期通过',
    whatToDo: 'Nothing.',
  },
  GuardNoData: {
    en: 'the guard has no usable data of the service',
    zh: '守护期没有数据',
    whatToDo: 'Bring the metrics back: the guard goes on by itself, and rolls back when it stays blind for `liveDeadline`.',
  },
  GuardNoTraffic: {
    en: 'requests to the launched version have stopped',
    zh: '新版本不再收到请求',
    whatToDo:
      'Look at routing, DNS and load balancer: the guard goes on by itself, and rolls back when requests stay away for `liveDeadline`.',
  },
  GuardBlindTooLong: {
    en: 'the launched version was live and unwatched for too long',
    zh: '新版本上线后长时间无法监控',
    whatToDo: 'Bring metrics and traffic back before the next launch; the rollback has been started.',
  },
  GuardUndecided: {
    en: 'the longest watch is over without a decision on the launch',
    zh: '守护期结束仍无法判断',
    whatToDo:
      'Send more traffic and retry the guard; or waive it to keep the version, or abort to roll it back. ' +
      'Where the message names bursts, a longer `bake` decides; more traffic alone may not. ' +
      'For the next release set a longer `maxBake`.',
  },
  ServiceNotServing: {
    en: 'the launched version serves nobody',
    zh: '新版本不提供服务',
    whatToDo: 'Read the health answer, and goroutines and logs of the pods; the rollback has been started.',
  },
  PodsNotReady: {
    en: 'pods that were Ready did not become Ready again',
    zh: 'Pod 变为未就绪且未恢复',
    whatToDo: 'Read the events and logs of the named pods; the rollback has been started.',
  },
  PodsRestarted: {
    en: 'pods restarted more than once during the guard',
    zh: '守护期间 Pod 多次重启',
    whatToDo: 'Read the logs of the previous containers; the rollback has been started.',
  },
  StepCouldNotRun: {
    en: 'a step could not do its work',
    zh: '步骤无法运行',
    whatToDo: 'Mend what the message names, then retry the step.',
  },
  StepFoundNothing: {
    en: 'a step ended without saying anything',
    zh: '步骤结束但未给出任何结论',
    whatToDo: 'Retry the step; if it stays, this is a defect of the step.',
  },
  WaiverExpired: {
    en: 'the launch would rest on a waiver that has expired',
    zh: '上线所依据的豁免已过期',
    whatToDo: 'Waive this finding until after the launch, or recycle to the checkpoint it names.',
  },
  CheckpointMissed: {
    en: 'no worker ran when the checkpoint was due',
    zh: '检查点到期时没有 worker 运行',
    whatToDo: 'Decide whether the plan still fits, then resume with the launch time kept or shifted.',
  },
  LaunchWindowClosed: {
    en: 'the time to launch is over',
    zh: '上线窗口已关闭',
    whatToDo: 'Resume with a shifted launch time, or abort.',
  },
  CountdownReset: {
    en: 'the countdown was reset in Temporal, and decisions may be missing',
    zh: '倒计时在 Temporal 中被重置，决定可能缺失',
    whatToDo: 'Compare the audit file with what the countdown shows. Waive it to launch from this run, or abort and start again.',
  },
  CountdownClockAhead: {
    en: 'the clock of the countdown is not the real one',
    zh: '倒计时的时钟不是真实时间',
    whatToDo: 'Abort, find out who switched on time skipping, and start again. It cannot be waived.',
  },
  CountdownRunForeign: {
    en: 'the run has start options that Tminus never uses, or could not be read',
    zh: '运行的启动选项不是 Tminus 使用的，或无法读取',
    whatToDo: 'Where it could not be read, resume. Otherwise abort and start again. It cannot be waived.',
  },
  WaitingForApproval: {
    en: 'people have not decided yet',
    zh: '等待审批',
    whatToDo: 'Approve or reject.',
  },
  ApprovalsMissing: {
    en: 'the deadline came before the approvals',
    zh: '审批超时',
    whatToDo: 'Recycle to the checkpoint to ask again.',
  },
  Rejected: {
    en: 'a person said no-go',
    zh: '被拒绝',
    whatToDo: 'Talk to them, mend it, then recycle.',
  },
  ...diagnosisCodes,
  ...alarmCodes,
} as const satisfies Record<string, CodeRow>;

/** The row of a code, or undefined for one that this version does not know. */
export const codeRow = (code: string): CodeRow | undefined => (codes as Record<string, CodeRow>)[code];
