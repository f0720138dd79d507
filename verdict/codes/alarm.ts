// Codes of the alarm budget: the time from a fault to the delivered message, computed from rule, scrape interval and routes.

export const alarmCodes = {
  AlarmWithinBudget: {
    en: 'the message of the alert is delivered within the limit',
    zh: '告警消息可在时限内送达',
    hint: 'No action needed.',
  },
  AlarmTooSlow: {
    en: 'the message of the alert is delivered later than the limit',
    zh: '告警消息晚于时限送达',
    hint:
      'Shorten the longest link: a window of 1m, no `for`, an evaluation interval of 5s for the group, and `group_wait: 0s` on its route ' +
      '(docs/explanation/alarm-budget.md).',
  },
  AlarmNeverFires: {
    en: 'the alert does not fire for the stated surge',
    zh: '该告警对给定的错误激增不会触发',
    hint: 'Lower the threshold, or make the window at least twice the scrape interval.',
  },
  AlarmNotRouted: {
    en: 'Alertmanager sends no message for the alert',
    zh: 'Alertmanager 不会为该告警发送消息',
    hint: 'Give the receiver an integration, or route the labels of the alert to another receiver.',
  },
  AlarmBudgetUnknown: {
    en: 'the time from fault to message cannot be computed',
    zh: '无法计算从故障到消息的时间',
    hint: 'The message names the reason: mostly an expression of another form, a label that decides the route, or a mute time interval.',
  },
} as const;
