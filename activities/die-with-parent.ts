/**
 * A shell script that becomes the program of its arguments, and leaves behind a watcher that waits for the end of stdin. The parent holds its other
 * end, so when the parent is gone, however it went, the watcher ends the whole process group; start it `detached`, with a pipe as stdin. Works
 * wherever there is a POSIX shell (setpriv --pdeathsig is Linux only).
 */
export const DIE_WITH_PARENT = 'exec 3<&0 </dev/null; ( IFS= read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 & exec 3<&-; exec "$@"';
