// A `go` for tests of builds: it records its calls and writes programs that print a version. Nothing is compiled.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeGo {
  /** Holds `bin/` and, as TMINUS_CACHE, the cache of tools. */
  folder: string;
  /** Each call of go: its arguments. */
  calls(): string[];
  /** What the next builds print as their version, and shell commands that run before go ends. */
  play(words: string, more?: string): void;
  /** `go list` prints this folder and its file main.go. */
  list(upstream: string): void;
}

const before = { ...process.env };

/** Puts a fake go first in PATH, and takes tools of the user out of the environment. `restoreGo` undoes it. */
export function fakeGo(words = ''): FakeGo {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-fake-go-'));
  mkdirSync(join(folder, 'bin'));
  let upstream = '';
  let played: [string, string] = [words, ''];
  const write = (): void =>
    writeFileSync(
      join(folder, 'bin/go'),
      `#!/bin/sh
echo "$*" >> "${folder}/calls"
if [ "$1" = list ]; then printf '%s\\n' "${upstream}" main.go; exit 0; fi
while [ $# -gt 0 ]; do
  case $1 in -o) out=$2; shift;; -ldflags) shift;; -*|build) ;; *) packages="$packages $1";; esac
  shift
done
program() { printf '#!/bin/sh\\necho "${played[0]}"\\n' > "$1"; chmod +x "$1"; }
case $out in
  '') ;;
  */) for package in $packages; do program "$out$(basename "$package")"; done;;
  *) program "$out";;
esac
${played[1]}
`,
      { mode: 0o755 },
    );
  write();
  for (const name of Object.keys(process.env)) if (name.startsWith('TMINUS_TOOL_')) delete process.env[name];
  Object.assign(process.env, { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, TMINUS_CACHE: folder });
  return {
    folder,
    calls: () => (existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []),
    play(nextWords, more = '') {
      played = [nextWords, more];
      write();
    },
    list(place) {
      upstream = place;
      write();
    },
  };
}

export function restoreGo(): void {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
}
