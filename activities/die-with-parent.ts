/**
 * A shell script that executes its arguments beside a watcher, which kills the process group when stdin ends: when the parent exits. Start it
 * `detached`, with a pipe as stdin. Portable, unlike setpriv --pdeathsig (Linux).
 */
export const DIE_WITH_PARENT = 'exec 3<&0 </dev/null; ( IFS= read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 & exec 3<&-; exec "$@"';
