// All verbs. One line each; help, completion and docs/reference/cli.md are made from what they say of themselves.
import type { Command } from 'commander';
import { devCommand } from './dev.ts';
import { rehearseCommand } from './rehearse.ts';
import { abortCommand } from './verbs/abort.ts';
import { alarmsCommand } from './verbs/alarms.ts';
import { analyzeCommand } from './verbs/analyze.ts';
import { approveCommand } from './verbs/approve.ts';
import { completionCommand } from './verbs/completion.ts';
import { doctorCommand } from './verbs/doctor.ts';
import { eventsCommand } from './verbs/events.ts';
import { exitCodesCommand } from './verbs/exit-codes.ts';
import { explainCommand } from './verbs/explain.ts';
import { holdCommand } from './verbs/hold.ts';
import { initCommand } from './verbs/init.ts';
import { leftoversCommand } from './verbs/leftovers.ts';
import { listCommand } from './verbs/list.ts';
import { loginCommand } from './verbs/login.ts';
import { openCommand } from './verbs/open.ts';
import { pruneCommand } from './verbs/prune.ts';
import { recycleCommand } from './verbs/recycle.ts';
import { rejectCommand } from './verbs/reject.ts';
import { reportCommand } from './verbs/report.ts';
import { restoreCommand } from './verbs/restore.ts';
import { resumeCommand } from './verbs/resume.ts';
import { retryCommand } from './verbs/retry.ts';
import { schemaCommand } from './verbs/schema.ts';
import { startCommand } from './verbs/start.ts';
import { statusCommand } from './verbs/status.ts';
import { validateCommand } from './verbs/validate.ts';
import { verifyCommand } from './verbs/verify.ts';
import { waiveCommand } from './verbs/waive.ts';
import { whoamiCommand } from './verbs/whoami.ts';

type Verb = (program: Command) => void;

/** In the order of the help, by what people come for. */
export const verbGroups: Readonly<Record<string, readonly Verb[]>> = {
  Author: [initCommand, validateCommand, schemaCommand],
  Run: [devCommand, startCommand, rehearseCommand, doctorCommand, pruneCommand],
  Inspect: [listCommand, statusCommand, explainCommand, eventsCommand, verifyCommand, reportCommand, openCommand, leftoversCommand],
  Decide: [
    approveCommand,
    rejectCommand,
    holdCommand,
    resumeCommand,
    recycleCommand,
    retryCommand,
    waiveCommand,
    abortCommand,
    loginCommand,
    whoamiCommand,
  ],
  Offline: [analyzeCommand, alarmsCommand, restoreCommand, completionCommand, exitCodesCommand],
};
