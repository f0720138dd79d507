// Every finding code: its meaning in English and Chinese, and a hint. `docs/reference/findings.md` is generated from here.
import { alarmCodes } from './codes/alarm.ts';
import { changeCodes } from './codes/change.ts';
import { diagnosisCodes } from './codes/diagnosis.ts';
import { drillCodes } from './codes/drill.ts';
import { runtimeCodes } from './codes/runtime.ts';

/** What a finding code means in English and Chinese, and what a person does about it. */
export interface CodeRow {
  en: string;
  zh: string;
  hint: string;
}

export const codes = {
  PreflightPassed: {
    en: 'the preflight check passed',
    zh: '预检项通过',
    hint: 'No action needed.',
  },
  PreflightFailed: {
    en: 'a requirement of later steps is not met',
    zh: '预检项未通过',
    hint: 'Follow the hint in the message, then retry the step.',
  },
  PreflightUnknown: {
    en: 'the preflight check could not be completed',
    zh: '预检项无法判断',
    hint: 'Fix the problem in the message, then retry the step.',
  },
  LatencyAboveLimit: {
    en: 'p99 latency is above the limit',
    zh: '最慢的 1% 请求超过上限',
    hint:
      'Read the CPU and goroutine profiles of the pods (`tminus explain` lists them). Fix the cause, then ' +
      'recycle to the checkpoint of the load test.',
  },
  LatencyWithinLimit: {
    en: 'p99 latency, including its upper confidence bound, is within the limit',
    zh: 'p99 的置信上界在上限之内',
    hint: 'No action needed.',
  },
  LatencyUndecided: {
    en: 'the measurements do not decide whether p99 latency is within the limit',
    zh: '测量数据不足以判断 p99',
    hint:
      'Read the reason in the message. Usually: run longer or at a higher rate (a p99 needs at least 299 effective requests per ' +
      'endpoint), and use an open model (a rate that does not depend on the responses), because a closed model cannot pass.',
  },
  ErrorRateAboveLimit: {
    en: 'the error rate is above the limit',
    zh: '错误率超过上限',
    hint: 'Check the failing status codes and the service log of that time.',
  },
  ErrorRateWithinLimit: {
    en: 'the error rate, including its upper confidence bound, is within the limit',
    zh: '错误率的置信上界在上限之内',
    hint: 'No action needed.',
  },
  ErrorRateUndecided: {
    en: 'the measurements do not decide whether the error rate is within the limit',
    zh: '测量数据不足以判断错误率',
    hint: 'Read the reason in the message: run longer or at a higher rate, or use a tool that counts requests without a response.',
  },
  LoadDelivered: {
    en: 'the requested load was delivered',
    zh: '压测负载已按要求送达',
    hint: 'No action needed.',
  },
  LoadNotDelivered: {
    en: 'less load was delivered than requested, so the results do not apply to the requested load',
    zh: '实际负载低于要求，结果不适用于所要求的负载',
    hint: 'Give the load generator more virtual users or a machine of its own.',
  },
  IterationsDropped: {
    en: 'the load generator could not start all iterations on time',
    zh: '压测工具丢弃了迭代',
    hint: 'Raise maxVus, or find out why the service responds so slowly.',
  },
  LoadRunIncomplete: {
    en: 'the load test did not complete',
    zh: '压测未完整运行',
    hint: 'Read the error of the load generator, fix it, then retry the step.',
  },
  EndpointMissing: {
    en: 'an endpoint with a limit received no requests',
    zh: '有上限的接口没有收到请求',
    hint: 'Compare the name tags in the k6 script with the limits in the release file.',
  },
  ThresholdCrossed: {
    en: 'a threshold of the k6 script was crossed',
    zh: 'k6 脚本自身的阈值未通过',
    hint: 'Check the named metric. If the threshold is outdated, change it in the script.',
  },
  CandidateUnderLoad: {
    en: 'the tested pods ran the candidate image during the whole test',
    zh: '压测全程 Pod 均运行候选版本',
    hint: 'No action needed.',
  },
  CandidateNotUnderLoad: {
    en: 'could not verify that the tested pods ran the candidate image',
    zh: '无法确认压测对象就是候选版本',
    hint: 'Deploy the candidate to staging, make sure nobody else deploys there during the test, then retry the step.',
  },
  ...runtimeCodes,
  RolloutComplete: {
    en: 'the rollout completed',
    zh: '滚动更新完成',
    hint: 'No action needed.',
  },
  RolloutFailed: {
    en: 'the rollout of the new version failed',
    zh: '新版本未能启动',
    hint: 'Read the pod-failures evidence: reasons, events and last log lines of the new pods. The rollback has started.',
  },
  VersionServes: {
    en: 'all pods run the requested version and are healthy',
    zh: '所有 Pod 均运行目标版本且健康',
    hint: 'No action needed.',
  },
  VersionNotServing: {
    en: 'the requested version is not serving',
    zh: '目标版本未提供服务',
    hint: 'Read the health responses and the pods in the evidence. The rollback has started.',
  },
  LaunchedBytesTested: {
    en: 'the launched image is the image that was load-tested',
    zh: '上线的镜像与压测的镜像一致',
    hint: 'No action needed.',
  },
  LaunchedOtherBytes: {
    en: 'could not verify that the launched image is the image that was load-tested',
    zh: '无法确认上线的镜像就是压测过的镜像',
    hint:
      'Compare the two digests. Waive the finding if this image may stay live; otherwise abort, which rolls back. In the next ' +
      'release reference the image by digest.',
  },
  EvidenceNotKept: {
    en: 'evidence could not be stored',
    zh: '证据无法保存',
    hint: 'Free space in the evidence folder, then retry the step. Its other findings are valid, but cannot be verified.',
  },
  RolledBackInTime: {
    en: 'the rollback completed within the limit',
    zh: '已在时限内回滚',
    hint: 'No action needed.',
  },
  RolledBackLate: {
    en: 'the rollback completed, but took longer than the limit',
    zh: '已回滚但超过时限',
    hint: 'Find the slow part: image pulls, slow starts, or disruption budgets that block eviction.',
  },
  RollbackStartedInTime: {
    en: 'the rollback started within the limit',
    zh: '回滚及时开始',
    hint: 'No action needed.',
  },
  RollbackStartedLate: {
    en: 'the rollback started later than the limit',
    zh: '回滚开始过晚',
    hint: 'Find out what delayed the worker: a crashed worker is detected only after its heartbeat timeout.',
  },
  RollbackIncomplete: {
    en: 'the rollback is incomplete',
    zh: '回滚未完成',
    hint: 'Check the named target now. `tminus leftovers` lists what has not been rolled back, and `tminus restore` restores it.',
  },
  RollbackNotNeeded: {
    en: 'no rollback: another version was deployed by someone else',
    zh: '未执行回滚：他人已部署其他版本',
    hint: 'Find out who deployed it: Tminus does not watch that version.',
  },
  RollbackWithoutLease: {
    en: 'the rollback was written without its Lease, which could not be acquired',
    zh: '回滚已写入，但未能占用其 Lease',
    hint: 'Find out why the Lease cannot be read or written; the next launch needs it.',
  },
  RollbackHealthy: {
    en: 'the service is healthy after the rollback',
    zh: '回滚后服务健康',
    hint: 'No action needed.',
  },
  RollbackUnhealthy: {
    en: 'the service is unhealthy after the rollback',
    zh: '回滚后服务不健康',
    hint: 'Check the service now: the new version is not the only cause.',
  },
  GuardPassed: {
    en: 'there were enough requests, both upper bounds and the last 9 windows are within the limits, and the pods are serving',
    zh: '守护期通过',
    hint: 'No action needed.',
  },
  GuardNoData: {
    en: 'the guard has no usable metrics of the service',
    zh: '守护期没有数据',
    hint: 'Restore the metrics. The guard continues by itself, and rolls back after `liveDeadline` without data.',
  },
  GuardNoTraffic: {
    en: 'the launched version receives no requests',
    zh: '新版本不再收到请求',
    hint: 'Check routing, DNS and the load balancer. The guard continues by itself, and rolls back after `liveDeadline` without requests.',
  },
  GuardBlindTooLong: {
    en: 'the launched version was unwatched for longer than `liveDeadline`',
    zh: '新版本上线后长时间无法监控',
    hint: 'Restore metrics and traffic before the next launch. The rollback has started.',
  },
  GuardUndecided: {
    en: 'the guard reached `maxBake` without a decision',
    zh: '守护期结束仍无法判断',
    hint:
      'Send more traffic and retry the guard, waive the finding to keep the version, or abort to roll it back. If the message names ' +
      'bursts, a longer `bake` decides; more traffic alone may not. For the next release set a longer `maxBake`.',
  },
  ServiceNotServing: {
    en: 'the launched version is not serving',
    zh: '新版本不提供服务',
    hint: 'Read the health response, and the goroutines and logs of the pods. The rollback has started.',
  },
  PodsNotReady: {
    en: 'pods lost readiness and did not recover',
    zh: 'Pod 变为未就绪且未恢复',
    hint: 'Read the events and logs of the named pods. The rollback has started.',
  },
  PodsRestarted: {
    en: 'pods restarted more than once during the guard',
    zh: '守护期间 Pod 多次重启',
    hint: 'Read the logs of the previous containers. The rollback has started.',
  },
  StepCouldNotRun: {
    en: 'the step could not run',
    zh: '步骤无法运行',
    hint: 'Fix the problem in the message, then retry the step.',
  },
  StepFoundNothing: {
    en: 'the step completed without findings',
    zh: '步骤结束但未给出任何结论',
    hint: 'Retry the step. If it happens again, report a bug.',
  },
  WaiverExpired: {
    en: 'a waiver that the launch needs has expired',
    zh: '上线所需的豁免已过期',
    hint: 'Waive the finding until after the launch, or recycle to the checkpoint that the message names.',
  },
  CheckpointMissed: {
    en: 'no worker was running when the checkpoint was due',
    zh: '检查点到期时没有 worker 运行',
    hint: 'Check whether the plan still fits, then resume and keep or shift the launch time.',
  },
  LaunchWindowClosed: {
    en: 'the launch window has closed',
    zh: '上线窗口已关闭',
    hint: 'Resume with a shifted launch time, or abort.',
  },
  CountdownReset: {
    en: 'the countdown was reset in Temporal, and actions may be missing',
    zh: '倒计时在 Temporal 中被重置，决定可能缺失',
    hint: 'Compare the audit file with the countdown. Waive the finding to launch from this run, or abort and start again.',
  },
  CountdownClockAhead: {
    en: 'the clock of the countdown is ahead of real time',
    zh: '倒计时的时钟快于真实时间',
    hint: 'Abort, find out who enabled time skipping, and start again. The finding cannot be waived.',
  },
  CountdownRunForeign: {
    en: 'the run has start options that Tminus never uses, or could not be read',
    zh: '运行的启动选项不是 Tminus 使用的，或无法读取',
    hint: 'Resume if it could not be read. Otherwise abort and start again. The finding cannot be waived.',
  },
  WaitingForApproval: {
    en: 'the checkpoint is waiting for approvals',
    zh: '等待审批',
    hint: 'Approve or reject.',
  },
  ApprovalsMissing: {
    en: 'approvals were missing at the deadline',
    zh: '审批超时',
    hint: 'Recycle to the checkpoint to ask again.',
  },
  Rejected: {
    en: 'the checkpoint was rejected',
    zh: '被拒绝',
    hint: 'Talk to the person who rejected it, fix the problem, then recycle.',
  },
  ...diagnosisCodes,
  ...alarmCodes,
  ...changeCodes,
  ...drillCodes,
} as const satisfies Record<string, CodeRow>;

/** The row of a code, or undefined for a code that this version does not define. */
export const codeRow = (code: string): CodeRow | undefined => (codes as Record<string, CodeRow>)[code];
