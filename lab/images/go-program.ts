// Builds a static Go program of ours for an image; Go's own cache makes the second time quick.
import { spawn } from 'node:child_process';

export interface GoProgram {
  /** Folder of the module. */
  module: string;
  /** Package in it, such as `./cmd/go-api`. */
  goPackage: string;
  /** Linker stamps `package.variable=value`. */
  stamps: string[];
  env: Record<string, string>;
  output: string;
}

/** Images run on this machine's own kernel. Go's names for Node's. */
export const goArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** Builds it, or throws with the compiler's words. */
export function buildGoProgram({ module, goPackage, stamps, env, output }: GoProgram): Promise<void> {
  const linker = ['-s', '-w', ...stamps.map((stamp) => `-X ${stamp}`)].join(' ');
  const settings = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOOS: 'linux', ...env };
  return new Promise((resolve, reject) => {
    const child = spawn('go', ['build', '-trimpath', '-buildvcs=false', '-ldflags', linker, '-o', output, goPackage], {
      cwd: module,
      env: settings,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
    child.once('error', (error) => reject(new Error(`go does not start: ${error.message}; \`scripts/lab doctor\` says what is missing`)));
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`go build ${goPackage} in ${module} failed:\n${complaint.trim()}`)),
    );
  });
}
