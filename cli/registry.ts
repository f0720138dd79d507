// All verbs. One line each; help, completion and docs/reference/cli.md are made from what they say of themselves.
import type { Command } from 'commander';
import { devCommand } from './dev.ts';
import { rehearseCommand } from './rehearse.ts';
import { actCommands } from './verbs/acts.ts';
import { eventsCommand } from './verbs/events.ts';
import { explainCommand } from './verbs/explain.ts';
import { initCommand, schemaCommand, validateCommand } from './verbs/files.ts';
import { listCommand } from './verbs/list.ts';
import { reportCommand } from './verbs/report.ts';
import { startCommand } from './verbs/start.ts';
import { statusCommand } from './verbs/status.ts';
import { completionCommand, doctorCommand, exitCodesCommand, openCommand, whoamiCommand } from './verbs/support.ts';

export const verbs: readonly ((program: Command) => void)[] = [
  initCommand,
  validateCommand,
  schemaCommand,
  devCommand,
  startCommand,
  rehearseCommand,
  listCommand,
  statusCommand,
  explainCommand,
  actCommands,
  eventsCommand,
  reportCommand,
  openCommand,
  whoamiCommand,
  doctorCommand,
  completionCommand,
  exitCodesCommand,
];
