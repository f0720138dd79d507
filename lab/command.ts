// Runs the machine's own programs (ip, iptables, ctr, kubectl ...) and says in a sentence when one refuses.
import { spawn } from 'node:child_process';
import { network } from './paths.ts';

export interface CommandOptions {
  input?: string | Buffer;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  timeoutMs?: number;
}

/** Every command here answers in seconds; one that does not is stuck. */
const TIMEOUT_MS = 60_000;

/** The system folders first in no shell's PATH: a root shell without sbin would not find ip, iptables, redis-server. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a component or command of the lab sees of the environment: no proxies, no credentials of the caller. */
export const bareEnvironment = { PATH: systemPath, HOME: '/root', LANG: 'C.UTF-8' };

/** Answers standard output. Throws with the command and its complaint when it ends otherwise than with 0. */
export function run(argv: string[], options: CommandOptions = {}): Promise<string> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env ?? bareEnvironment,
      cwd: options.cwd,
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    child.once('error', (error) => reject(new Error(`${program} does not start: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const complaint = Buffer.concat(err).toString().trim() || Buffer.concat(out).toString().trim();
      reject(new Error(`${argv.slice(0, 8).join(' ')} ended with ${signal ?? code}${complaint ? `: ${complaint}` : ''}`));
    });
    // A command that ends before it read its input says so by its own exit code.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.stdin.end(options.input ?? '');
  });
}

/** True when the command ends with 0; for questions to which "no" is an answer. */
export async function succeeds(argv: string[], options: CommandOptions = {}): Promise<boolean> {
  return run(argv, options).then(
    () => true,
    () => false,
  );
}

/** The same command inside the lab's network. nsenter, not `ip netns exec`, which remounts /sys and hides the cgroups. */
export function inLab(argv: string[]): string[] {
  return ['nsenter', `--net=/run/netns/${network.namespace}`, ...argv];
}
