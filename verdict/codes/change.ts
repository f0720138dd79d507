// Codes of changes other than a launch that were to be restored: switches, faults, variables.

export const changeCodes = {
  ChangeRestored: { en: 'the change was restored and read back', zh: '改动已恢复并核实', hint: 'No action needed.' },
  ChangeNotRestored: {
    en: 'the change is still in place',
    zh: '改动仍未恢复',
    hint: 'It ends by itself at the time in the message. To restore it at once, follow `tminus restore`.',
  },
  ChangeLeftAlone: {
    en: 'somebody else changed the target after Tminus, and their change was kept',
    zh: '他人随后改动了目标，其改动被保留',
    hint: 'Agree with that person on the value that is meant.',
  },
} as const;
