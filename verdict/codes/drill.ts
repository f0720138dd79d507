// Codes of the contingency drill: trigger, actions and restore, each with its limit.

export const drillCodes = {
  DrillSteadyBefore: { en: 'the service was steady before the fault', zh: '注入故障前服务稳定', hint: 'No action needed.' },
  DrillNotSteady: {
    en: 'the drill did not provoke a fault because the service was not steady',
    zh: '服务不稳定，演练未注入故障',
    hint: 'Resolve what the message names, or restore the missing data, then retry the step.',
  },
  DrillDetected: { en: 'the trigger fired within the limit', zh: '触发器在时限内触发', hint: 'No action needed.' },
  DrillDetectedLate: {
    en: 'the trigger fired later than the limit',
    zh: '触发器触发晚于时限',
    hint: 'Shorten `interval` or `window` of the trigger, or raise the limit if the plan still works with it.',
  },
  DrillNotDetected: {
    en: 'the trigger did not fire although the fault was on',
    zh: '故障已注入但触发器未触发',
    hint: 'Compare the measured values in the message with the thresholds of the trigger, and check that the fault reaches the measured requests.',
  },
  DrillDetectionUnknown: {
    en: 'it is unknown whether the trigger would have fired',
    zh: '无法判断触发器是否会触发',
    hint: 'Restore the data that the message names, then retry the step.',
  },
  DrillActionEffective: { en: 'the emergency action took effect within the limit', zh: '应急动作在时限内生效', hint: 'No action needed.' },
  DrillActionLate: {
    en: 'the emergency action took effect later than the limit',
    zh: '应急动作生效晚于时限',
    hint: 'Use a live switch instead of a restart, or raise the limit if the plan still works with it.',
  },
  DrillActionFailed: {
    en: 'the emergency action did not take effect',
    zh: '应急动作未生效',
    hint: 'Read the reason in the message, repair the action or the rights of the worker, then retry the step.',
  },
  DrillRecovered: {
    en: 'the actions relieved the emergency within the limit',
    zh: '应急动作在时限内缓解了故障',
    hint: 'No action needed.',
  },
  DrillRecoveredLate: {
    en: 'the actions relieved the emergency later than the limit',
    zh: '缓解晚于时限',
    hint: 'Choose an action that acts faster, or raise the limit.',
  },
  DrillNotRecovered: {
    en: 'the actions did not relieve the emergency',
    zh: '应急动作未缓解故障',
    hint: 'The plan does not work against this fault: choose another action before the launch.',
  },
  DrillRecoveryUnknown: {
    en: 'it is unknown whether the actions relieved the emergency',
    zh: '无法判断故障是否缓解',
    hint: 'Restore the data that the message names, then retry the step.',
  },
  DrillRestored: { en: 'the change of the drill was restored', zh: '演练的改动已恢复', hint: 'No action needed.' },
  DrillRestoredInTime: { en: 'everything was restored within the limit', zh: '在时限内全部恢复', hint: 'No action needed.' },
  DrillRestoredLate: {
    en: 'the restore took longer than the limit',
    zh: '恢复超过时限',
    hint: 'Check the API server and the pods for delays, or raise the limit.',
  },
  DrillLeftAlone: {
    en: 'somebody else changed the target during the drill, and their change was kept',
    zh: '演练期间他人改动了目标，其改动被保留',
    hint: 'Agree with that person on the state that is meant, then retry the step.',
  },
  DrillLeftover: {
    en: 'a change of the drill is still in place',
    zh: '演练的改动仍未恢复',
    hint: 'Follow the message to restore it; `tminus leftovers` lists it until then.',
  },
  DrillSteadyAfter: { en: 'the service was steady after the restore', zh: '恢复后服务稳定', hint: 'No action needed.' },
  DrillNotSteadyAfter: {
    en: 'the trigger still holds after everything was restored',
    zh: '恢复后触发条件仍成立',
    hint: 'Treat it as an incident: the cause is not the fault of the drill any more.',
  },
  DrillAfterUnknown: {
    en: 'the steady state after the restore could not be shown',
    zh: '恢复后的稳定状态无法证明',
    hint: 'Restore the data that the message names, then retry the step.',
  },
  DrillStopped: {
    en: 'the drill stopped before its end',
    zh: '演练提前停止',
    hint: 'Whatever it had changed was restored or is listed as left over. Retry the step when the reason is gone.',
  },
} as const;
