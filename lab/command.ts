// Runs programs of the machine (ip, iptables, ctr, kubectl ...) and turns a failure into one message.
import { spawn } from 'node:child_process';
import { network } from './paths.ts';

export interface CommandOptions {
  input?: string | Buffer;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  timeoutMs?: number;
}

/** Every command here ends within seconds; a longer one hangs. */
const TIMEOUT_MS = 60_000;

/** With the sbin folders, which some root shells lack: ip, iptables and redis-server are there. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Environment of components and commands: no proxies and no credentials of the caller. */
export const bareEnvironment = { PATH: systemPath, HOME: '/root', LANG: 'C.UTF-8' };

/** Answers standard output. Throws with the command and its error output when its exit code is not 0. */
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
      const output = Buffer.concat(err).toString().trim() || Buffer.concat(out).toString().trim();
      reject(new Error(`${argv.slice(0, 8).join(' ')} ended with ${signal ?? code}${output ? `: ${output}` : ''}`));
    });
    // A command that ends before it has read its input reports the reason by its exit code.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.stdin.end(options.input ?? '');
  });
}

/** True when the exit code is 0; for commands whose failure is an answer. */
export async function succeeds(argv: string[], options: CommandOptions = {}): Promise<boolean> {
  return run(argv, options).then(
    () => true,
    () => false,
  );
}

/** The same command in the lab's network namespace. nsenter, not `ip netns exec`, which remounts /sys and hides the cgroups. */
export function inLab(argv: string[]): string[] {
  return ['nsenter', `--net=/run/netns/${network.namespace}`, ...argv];
}
